"""The migrations of the database, applied by Alembic."""
