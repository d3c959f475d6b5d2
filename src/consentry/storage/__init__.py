"""The database, the keys and the folder of one installation."""
