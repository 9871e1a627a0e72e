"""From a request to a plan that may be launched: everything that is said before anything starts."""
