"""Embeds, texts and files of messages, built by pure functions."""
