"""Posting, editing and deleting messages; threads and mentions."""
