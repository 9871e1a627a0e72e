"""From requests to replies: forms in, text out."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from app import pages

Form = dict[str, str]
MOST = 64 * 1024  # bytes of a form


@dataclass(frozen=True)
class Reply:
    """What a page answers."""

    text: str
    status: HTTPStatus = HTTPStatus.OK


Page = Callable[[Form], Reply]


def routes() -> dict[tuple[str, str], Page]:
    """Return the pages of all modules in app.pages by method and path."""
    found: dict[tuple[str, str], Page] = {}
    for module in pkgutil.iter_modules(pages.__path__):
        found |= importlib.import_module(f"app.pages.{module.name}").ROUTES
    return found


def application(environ: dict[str, Any], start: Callable[[str, list[tuple[str, str]]], Any]) -> Iterable[bytes]:
    """Answer one request (WSGI)."""
    page = routes().get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
    body = environ["wsgi.input"].read(min(MOST, int(environ.get("CONTENT_LENGTH") or 0)))
    reply = Reply("Not found", HTTPStatus.NOT_FOUND) if page is None else page(dict(parse_qsl(body.decode())))
    start(f"{reply.status.value} {reply.status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
    return [reply.text.encode()]
