"""Sentences for members and moderators, and the formatting of text for Discord."""
