"""Login: POST /login with name and password; the reply is a token of the session."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from app import users
from app.web import Form, Reply

sessions: dict[str, str] = {}  # names by token


def login(form: Form) -> Reply:
    """Open a session; whether the name or the password is wrong is not said."""
    name = form.get("name", "")
    if not users.check(name, form.get("password", "")):
        return Reply("Wrong name or password", HTTPStatus.UNAUTHORIZED)
    token = secrets.token_urlsafe(32)
    sessions[token] = name
    return Reply(token)


ROUTES = {("POST", "/login"): login}
