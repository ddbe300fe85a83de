"""What the product does, over ports: no driver is known here."""
