"""The page that everybody may see."""

from __future__ import annotations

from app.web import Form, Reply


def home(form: Form) -> Reply:
    """Greet whoever comes."""
    del form
    return Reply(text="Welcome")


ROUTES = {("GET", "/"): home}
