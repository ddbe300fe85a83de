"""The persistence ports over SQL, for SQLite and PostgreSQL alike."""
