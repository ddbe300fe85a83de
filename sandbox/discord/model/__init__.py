"""What the local Discord knows: guilds, channels, users, messages and interactions."""
