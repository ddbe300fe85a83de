"""The work with the song provider: submitting and polling."""
