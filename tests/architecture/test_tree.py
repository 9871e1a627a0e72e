"""What the files of the tree may not hold."""

from __future__ import annotations

import configparser
import io
import os
import re
import tokenize
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from architecture.house import ROOT, files, ours

# The places developers and machines have; a file that names one works there only.
MACHINE = re.compile(
    rb"(?:^|[^A-Za-z0-9_.-])/(?:work|farm)/|/tmp/(?:w/|bash_)|/(?:root|home/[a-z]+)/\.[a-z]", re.MULTILINE
)
PUBLIC = {"localhost", "127.0.0.1", ""}
SUPPRESSION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:\s*no cover|nosec|mypy:\s*ignore)", re.IGNORECASE)
# Codes, then a reason of two words or more.
REASONED = re.compile(
    r"#\s*(?:noqa:\s*[A-Z]+[0-9]*(?:,\s*[A-Z]+[0-9]*)*|type:\s*ignore\[[\w, -]+\]|pragma:\s*no cover|nosec:?[\sB0-9,]*)"
    r"\s*(?:-|–|#|:)\s*(?:\w+\W+\w+|likewise)"
)


def test_no_file_names_a_path_of_one_machine():
    named = [
        f"{path.relative_to(ROOT)}: {found.group().decode()}"
        for path in files()
        if (found := MACHINE.search(path.read_bytes()))
    ]
    assert named == [], "\n".join(map(str, named))


def test_no_file_names_the_package_index_of_one_machine():
    hosts = index_hosts()
    named = [(path.relative_to(ROOT), host) for path in files() for host in hosts if host.encode() in path.read_bytes()]
    assert named == [], "\n".join(map(str, named))


def test_every_suppression_has_its_reason_beside_it():
    bare = [
        f"{path.relative_to(ROOT)}:{line}: {comment}"
        for path in ours("src", "tests", "bench", "dev.py")
        for line, comment in comments(path)
        if SUPPRESSION.search(comment) and not REASONED.search(comment) and not idle(path, comment)
    ]
    assert bare == [], "\n".join(bare)


@pytest.mark.parametrize(
    ("comment", "fine"),
    [
        ("# noqa: S606 - an argument list, no shell", True),
        ("# noqa: S606", False),
        ("# noqa", False),
        ("# type: ignore[arg-type]  # the stub is wrong", True),
        ("# type: ignore[arg-type]", False),
        ("# type: ignore", False),
    ],
)
def test_a_suppression_without_code_or_reason_is_seen(comment, fine):
    assert SUPPRESSION.search(comment)
    assert bool(REASONED.search(comment)) is fine


def test_nothing_in_the_tree_is_a_symlink_out_of_it_or_a_big_file():
    assert [path.relative_to(ROOT) for path in files() if path.stat().st_size > 1024 * 1024] == []


def idle(path: Path, comment: str) -> bool:
    """Whether a suppression suppresses nothing: mypy does not look at tests."""
    return "type: ignore" in comment and "noqa" not in comment and path.is_relative_to(ROOT / "tests")


def comments(path: Path) -> list[tuple[int, str]]:
    """Return (line, text) of the comments; strings that look like one are not."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]


def index_hosts() -> set[str]:
    """Return the hosts that pip on this machine is told to ask, without the public ones."""
    urls = [value for name, value in os.environ.items() if re.search(r"INDEX_URL|REGISTRY", name, re.IGNORECASE)]
    for place in (
        Path("/etc/pip.conf"),
        Path("/etc/xdg/pip/pip.conf"),
        Path.home() / ".config/pip/pip.conf",
        Path.home() / ".pip/pip.conf",
    ):
        settings = configparser.RawConfigParser()
        settings.read(place)
        urls += [
            value for section in settings.sections() for name, value in settings.items(section) if "index-url" in name
        ]
    words = (word for url in urls for word in url.split())
    return {host for word in words if (host := urlsplit(word).hostname or "") not in PUBLIC}
