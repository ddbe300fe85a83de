"""Finished songs, ratings and saved playlists."""
