"""The connection to Discord: HTTP, gateway events and command registration."""
