"""Password reset: POST /reset with a name mails a token, POST /reset/confirm with it sets a new password."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from app import users
from app.web import Form, Reply

tokens: dict[str, str] = {}  # names by token
outbox: list[tuple[str, str]] = []  # what would be mailed: name and token


def ask(form: Form) -> Reply:
    """Mail a token; the reply is the same whether or not there is such a user."""
    name = form.get("name", "")
    if users.known(name):
        token = secrets.token_urlsafe(32)
        tokens[token] = name
        outbox.append((name, token))
    return Reply("If there is such a user, a mail is on its way", HTTPStatus.ACCEPTED)


def confirm(form: Form) -> Reply:
    """Set the new password; a token works once."""
    password = form.get("password", "")
    if len(password) < users.SHORTEST:
        return Reply("The password is too short", HTTPStatus.BAD_REQUEST)
    name = tokens.pop(form.get("token", ""), "")
    if not name:
        return Reply("No such token", HTTPStatus.BAD_REQUEST)
    users.change(name, password)
    return Reply("Changed")


ROUTES = {("POST", "/reset"): ask, ("POST", "/reset/confirm"): confirm}
