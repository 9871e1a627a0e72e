"""What `doctor` looks at, and how it mends a journal."""
