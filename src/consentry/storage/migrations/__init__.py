"""Migrations of the database, run by `consentry.storage.migrate`."""
