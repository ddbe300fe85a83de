"""The work with the song provider: submitting, polling and the circuit breaker."""
