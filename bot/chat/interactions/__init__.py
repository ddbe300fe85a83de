"""Interactions: who asked, what they typed, and exactly one answer."""
