"""Workers, heartbeats, leases and the operator's controls."""
