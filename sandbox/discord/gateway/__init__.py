"""The gateway: sessions, protocol and connections."""
