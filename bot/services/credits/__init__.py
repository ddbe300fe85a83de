"""Credits: holds, statements and reports."""
