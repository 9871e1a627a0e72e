"""Bundles of strangers: what is no plain file under a name that a bundle has is refused before anything is used."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from forkjoin import Task, attach, run
from forkjoin.engine.bundles import archive
from forkjoin.engine.bundles.packing import packing
from forkjoin.engine.bundles.reading import opened
from forkjoin.engine.bundles.writing import export
from forkjoin.errors import BadBundle

pytestmark = pytest.mark.slow
Members = list[tuple[tarfile.TarInfo, bytes]]


@pytest.fixture
def good(tmp_path: Path) -> Members:
    """The members of a sound bundle."""
    tree = tmp_path / "tree"
    tree.mkdir()
    done = run([Task(id="a", shell="echo hello", writes=[])], tree=tree)
    with attach(done.run, tree=tree) as made:
        export(made, tmp_path / "good.tar.gz", environ={})
    return [(member(name), data) for name, data in archive.read_archive(tmp_path / "good.tar.gz")]


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Open a bundle of these members (or bytes), which must be refused and leave nothing; return what was said."""
    room = tmp_path / "tmp"
    room.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(room))

    def go(content: Members | bytes, form: int = tarfile.USTAR_FORMAT) -> str:
        bundle = tmp_path / "hostile.tar.gz"  # told by its content, so it may be a zst
        bundle.write_bytes(content if isinstance(content, bytes) else packed(content, form))
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(BadBundle) as caught:
            opened(bundle)
        assert sorted(tmp_path.rglob("*")) == before
        return str(caught.value)

    return go


def member(name: str, **more: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in more.items():
        setattr(info, key, value)
    return info


def packed(members: Members, form: int = tarfile.USTAR_FORMAT, suffix: str = ".tar.gz") -> bytes:
    body = io.BytesIO()
    with packing(body, suffix) as zipped, tarfile.open(fileobj=zipped, mode="w", format=form) as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return body.getvalue()


NAMES = (
    "../evil", "/etc/evil", "tasks/a/1/../../../evil", "tasks/../1/stdout.0000", "tasks/a/1/place.json", "journal.db",
    "tasks/a/1/stdout.0000/x", "tasks/A/1/stdout.0000", "tasks/a/0/stdout.0000", "owner.lock", "a\nb", "", "tasks/a/1/",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_no_bundle_has(good: Members, refused: Callable[..., str], name: str) -> None:
    assert "which no bundle has" in refused([*good, (member(name), b"x")])


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE,
     tarfile.CONTTYPE, tarfile.GNUTYPE_SPARSE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME],
)  # fmt: skip
def test_what_is_no_plain_file(good: Members, refused: Callable[..., str], kind: bytes) -> None:
    evil = member("tasks/a/1/stdout.0001", type=kind, linkname="/etc/passwd")
    assert "no plain file" in refused([*good, (evil, b"")])


def test_long_names_of_other_tars(good: Members, refused: Callable[..., str]) -> None:
    refused([*good, (member("tasks/a/1/" + "x" * 300), b"")], tarfile.GNU_FORMAT)
    refused([*good, (member("tasks/a/1/" + "x" * 300), b"")], tarfile.PAX_FORMAT)


def test_a_name_twice_a_task_that_is_none_and_no_order(good: Members, refused: Callable[..., str]) -> None:
    assert "twice" in refused([*good, good[-1]])
    assert "in a place" in refused([*good, (member("tasks/other/1/stdout.0000"), b"x")])
    assert "does not begin" in refused(good[1:])
    assert "no plan" in refused([good[0], *good[2:]])


def test_bombs(good: Members, refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = (member("tasks/a/1/stdout.0001"), bytes(70 * 1024 * 1024))
    assert "larger than a bundle may be" in refused([*good, zeros])
    assert "larger than a bundle may be" in refused(packed([*good, zeros], suffix=".tar.zst"))
    monkeypatch.setattr(archive, "_MOST_FILES", 3)
    more = [(member(f"tasks/a/1/stdout.{n:04}"), b"") for n in range(1, 9)]
    assert "larger than a bundle may be" in refused([*good, *more])


def test_a_size_that_lies(good: Members, refused: Callable[..., str]) -> None:
    raw = bytearray(gzip.decompress(packed(good)))
    for size in (b"77777777777\0", b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", b"-0000000001\0", b"00000000999\0"):
        raw[124:136] = size
        raw[148:156] = b"%06o\0 " % (sum(raw[:148]) + 8 * 32 + sum(raw[156:512]))
        assert "larger than a bundle may be" in refused(gzip.compress(bytes(raw)))


@pytest.mark.parametrize("keep", [0, 1, 10, 100, -1, -20])
def test_what_is_torn_or_no_tar_at_all(good: Members, refused: Callable[..., str], keep: int) -> None:
    refused(packed(good)[:keep] if keep else b"")
    refused(gzip.compress(gzip.decompress(packed(good))[: abs(keep) or 5]))
    assert "neither by zstd nor by gzip" in refused(b"no gzip")


@pytest.mark.parametrize("keep", [4, 10, 100, -1, -20])
def test_what_is_torn_or_longer_than_a_zst(good: Members, refused: Callable[..., str], keep: int) -> None:
    sound = packed(good, suffix=".tar.zst")
    assert "cannot be read" in refused(sound[:keep])
    assert "cannot be read" in refused(sound + b"behind its end")
    flipped = bytearray(sound)
    flipped[len(sound) // 2 + keep % 7] ^= 16
    refused(bytes(flipped))


def test_a_frame_that_asks_for_gigabytes_of_memory(refused: Callable[..., str]) -> None:
    window_of_2_gib = b"\x28\xb5\x2f\xfd" + b"\x00" + bytes([(31 - 10) << 3]) + b"\x01\x00\x00"
    assert "too much memory" in refused(window_of_2_gib)


def events(good: Members, change: Callable[[list[dict]], None]) -> Members:
    rows = [json.loads(line) for line in good[1][1].splitlines()]
    change(rows)
    return [good[0], (good[1][0], b"".join(json.dumps(row).encode() + b"\n" for row in rows)), *good[2:]]


def test_events_that_lie(good: Members, refused: Callable[..., str]) -> None:
    assert "lacks events" in refused(events(good, lambda rows: rows.pop(2)))
    assert "cannot be read" in refused(events(good, lambda rows: rows[1].update(extra=1)))
    assert "no plan of its run" in refused(events(good, lambda rows: rows[0]["event"].update(run="../../evil")))
    evil = events(good, lambda rows: rows[0]["event"]["plan"]["tasks"][0].update(id="../../evil"))
    assert "whose id is none" in refused(evil)
    deep = [good[0], (good[1][0], b"[" * 100_000), *good[2:]]
    assert "cannot be read" in refused(deep)
    head = [(member("forkjoin.json"), b'{"bundle":1,"run":"../../evil"}'), *good[1:]]
    assert "does not begin" in refused(head)
    newer = json.loads(good[0][1]) | {"bundle": 2}
    assert "upgrade" in refused([(member("forkjoin.json"), json.dumps(newer).encode()), *good[1:]])


def test_a_patch_or_a_text_elsewhere_is_not_read(good: Members, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("mine")

    def evil(rows: list[dict]) -> None:
        ended = next(row["event"] for row in rows if row["event"]["kind"] == "ended")
        ended["changes"] = {"files": [{"path": "x", "how": "added"}], "patch": str(secret)}
        ended["answer"] = {"blob": "0" * 64, "length": 4}
        ended["place"] = {"kind": "clone", "root": str(tmp_path), "cwd": str(tmp_path)}

    bundle = tmp_path / "hostile.tar.gz"
    bundle.write_bytes(packed(events(good, evil), suffix=".tar.zst"))
    with opened(bundle) as found:
        assert found.diff("a") == b""
        assert found.output("a", timeout=0).text == ""
