"""The pages: each module here has ROUTES, a dict of (method, path) to a function of the form that returns a Reply."""
