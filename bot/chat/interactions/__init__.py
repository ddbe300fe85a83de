"""Interactions: their context, arguments and permissions, and exactly one answer to each."""
