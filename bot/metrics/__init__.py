"""What is measured, for Prometheus: its own registry, nothing global, no label without bounds."""
