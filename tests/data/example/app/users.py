"""Users and their passwords, in memory; what is kept of a password is its scrypt hash."""

from __future__ import annotations

import hashlib
import hmac
import os

SHORTEST = 8
_users: dict[str, tuple[bytes, bytes]] = {}  # salt and hash, by name


def add(name: str, password: str) -> bool:
    """Make a user; False where there is one of that name, or the password is too short."""
    if not name or name in _users or len(password) < SHORTEST:
        return False
    change(name, password)
    return True


def known(name: str) -> bool:
    """Whether there is such a user."""
    return name in _users


def check(name: str, password: str) -> bool:
    """Whether that is the user's password."""
    salt, kept = _users.get(name, (b"", b""))
    return hmac.compare_digest(_hashed(password, salt), kept)


def change(name: str, password: str) -> None:
    """Set a password."""
    salt = os.urandom(16)
    _users[name] = (salt, _hashed(password, salt))


def _hashed(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**12, r=8, p=1)
