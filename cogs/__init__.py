"""The slash commands, one thin module a feature."""
