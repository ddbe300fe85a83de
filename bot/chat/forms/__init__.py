"""Forms: how they look, and what is read from them."""
