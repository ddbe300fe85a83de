"""The client of the song provider: CQTAI's Suno API, and the files that it links to."""
