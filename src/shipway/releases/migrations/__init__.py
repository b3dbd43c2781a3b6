"""Alembic migrations, read from their files without running them."""
