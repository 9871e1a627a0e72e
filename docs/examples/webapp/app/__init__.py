"""A small web application: WSGI and the standard library, nothing else."""
