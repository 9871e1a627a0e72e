"""A run in one file: written without secrets, opened anywhere, read-only."""
