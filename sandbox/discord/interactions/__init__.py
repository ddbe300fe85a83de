"""Interactions, the event that announces one, and their answers."""
