"""The bot: its domain, its services and their drivers."""
