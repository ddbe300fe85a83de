"""The event that announces an interaction, its answers, and what came of it."""
