"""The demonstration: its script, its actors and how it is shown in a terminal."""
