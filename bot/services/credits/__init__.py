"""Holding credits, and what members and moderators read about them."""
