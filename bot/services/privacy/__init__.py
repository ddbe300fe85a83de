"""Personal data: export, erasure, retention, and servers that were left."""
