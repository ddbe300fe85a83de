"""What messages look like: pure functions from the facts of a card to what Discord is sent."""
