"""The database: requests, credits and the outbox in SQL tables."""
