"""Registration: POST /register with name and password."""

from __future__ import annotations

from http import HTTPStatus

from app import users
from app.web import Form, Reply


def register(form: Form) -> Reply:
    """Make a user."""
    if users.add(form.get("name", ""), form.get("password", "")):
        return Reply("Registered", HTTPStatus.CREATED)
    return Reply("This name is taken, or the password is too short", HTTPStatus.CONFLICT)


ROUTES = {("POST", "/register"): register}
