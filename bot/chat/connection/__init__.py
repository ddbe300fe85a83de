"""The connection to Discord: client, HTTP, gateway and command registration."""
