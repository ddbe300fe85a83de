"""What is sent to Discord without an interaction: status, result, approval and audit messages."""
