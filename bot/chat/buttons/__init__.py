"""Persistent buttons and forms."""
