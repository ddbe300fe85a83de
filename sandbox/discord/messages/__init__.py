"""Messages: their states, and posting, editing and deleting them."""
