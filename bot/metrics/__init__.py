"""Prometheus metrics, in a registry of their own; every label has a bounded set of values."""
