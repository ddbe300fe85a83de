"""The steps that make the database what this version expects."""
