"""Finished songs, loves and saved playlists."""
