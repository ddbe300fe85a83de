"""Guilds with their channels, threads, roles and members, and what others do to them."""
