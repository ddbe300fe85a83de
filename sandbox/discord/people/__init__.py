"""People at their clients: what they do, choose, fill in and see."""
