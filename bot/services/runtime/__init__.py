"""Worker loops, timings, heartbeats and what outlives a process."""
