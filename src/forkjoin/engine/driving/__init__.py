"""The owner of a run: its loop, and what it looks at between turns."""
