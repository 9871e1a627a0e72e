"""Sizes as people write them and read them."""

from __future__ import annotations

import pytest

from forkjoin.model import Task, size, spoken_size


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1048576", 1024**2), ("64k", 65536), ("64KiB", 65536), ("500MB", 500_000_000), ("2GiB", 2 * 1024**3),
        ("2G", 2 * 1024**3), (" 1.5 GB ", 1_500_000_000), ("1tb", 1000**4), ("12b", 12), ("0", 0),
    ],
)  # fmt: skip
def test_a_size_is_bytes_however_it_is_written(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "much", "-1", "2 GiBs", "1e3", "GiB", "2,5GiB", "0x10"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="2GiB"):
        size(text)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"), (1023, "1023 bytes"), (1024, "1 KiB"), (1536, "1.5 KiB"), (812 * 1024**2, "812 MiB"),
        (2 * 1024**3, "2 GiB"), (3.25 * 1024**4, "3.2 TiB"), (5000 * 1024**4, "5000 TiB"),
    ],
)  # fmt: skip
def test_a_size_is_told_in_the_unit_that_fits(count: float, said: str) -> None:
    assert spoken_size(count) == said


def test_a_caller_in_python_writes_sizes_as_people_do() -> None:
    task = Task(task="x", memory="2GiB", disk="10GB")  # type: ignore[arg-type]  # text is turned into bytes
    assert (task.memory, task.disk) == (2 * 1024**3, 10_000_000_000)
