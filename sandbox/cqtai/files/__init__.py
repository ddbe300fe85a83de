"""The songs' files: audio, covers, their URLs and how they are served."""
