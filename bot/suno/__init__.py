"""The song provider, at arm's length: CQTAI's Suno API and the files that it links to."""
