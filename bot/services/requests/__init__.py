"""Song requests: placing them, their transitions, and the queue."""
