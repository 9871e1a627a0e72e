"""How a text is understood: every word of the table, right before a path, and what stands around it."""

from __future__ import annotations

import pytest

from forkjoin.model import Task, Tree
from forkjoin.planning import wording
from forkjoin.planning.claims import Ground, claims_of
from forkjoin.planning.mentions import MAX_MENTIONS, mentions, names_of

TREE = Tree(
    root="/t",
    files=("Makefile", "a.py", "app/x.py", "b.py", "docs/guide.md", "lib/util.py", "src/util.py", "web/[id]/page.tsx"),
)
NAMES = names_of(TREE)


def access(text: str, path: str = "a.py") -> str:
    """Return what the text is taken to do with the path: write, read, unclear, or nothing."""
    return next((one.access for one in mentions(text, NAMES) if one.path == path), "")


def words(table: str) -> list[str]:
    return [word for word in table.split("|") if word.replace(" ", "").replace("-", "").isalpha()]


@pytest.mark.parametrize("word", words(wording._WRITE))
def test_each_word_of_writing_makes_a_path_written(word: str) -> None:
    assert access(f"{word.capitalize()} a.py") == "write"
    assert access(f"Please {word} the `a.py`, quickly") == "write"


@pytest.mark.parametrize("word", words(wording._READ))
def test_each_word_of_reading_makes_a_path_read(word: str) -> None:
    assert access(f"Please {word} a.py") == "read"


@pytest.mark.parametrize(
    "text",
    [
        "tests for a.py", "test of a.py", "documentation of a.py", "docs for a.py", "calls into a.py", "imports a.py",
        "calls a.py", "import a.py", "call a.py",
    ],
)  # fmt: skip
def test_what_is_only_spoken_about_is_read(text: str) -> None:
    assert access(f"Look {text}") == "read"


@pytest.mark.parametrize(
    "text",
    [
        "Do not touch a.py",
        "don't change a.py",
        "don\u2019t edit a.py",
        "never modify a.py",
        "must not break a.py",
        "Fix b.py without touching a.py",
        "Fix b.py without changing the a.py",
        "avoid editing a.py",
        "there is no need to update a.py",
        "you should not rewrite a.py",
        "Leave a.py alone",
        "Keep a.py as it is",
        "preserve a.py",
    ],
)
def test_what_must_not_be_changed_is_read(text: str) -> None:
    assert access(text) == "read"


@pytest.mark.parametrize(
    "verb",
    ["explains", "describes", "documents", "defines", "shows", "contains", "lists", "has", "is the model for", "covers",
     "already defines", "tells you", "exists", "uses", "provides", "specifies", "as a reference", "as the example"],
)  # fmt: skip
def test_a_path_that_tells_something_is_read(verb: str) -> None:
    assert access(f"a.py {verb} the scheme") == "read"
    assert access(f"`a.py` {verb} the scheme") == "read"


@pytest.mark.parametrize(
    "verb",
    ["needs a retry", "must handle this", "should say so", "has to be faster", "is to be split", "is wrong",
     "is out of date", "is outdated", "is missing", "is broken", "is too long", "are to be renamed", "must be fixed"],
)  # fmt: skip
def test_a_path_that_needs_something_is_written(verb: str) -> None:
    assert access(f"a.py {verb}") == "write"


@pytest.mark.parametrize(
    ("text", "a", "b"),
    [
        ("Read a.py and fix b.py", "read", "write"),
        ("Fix a.py, then read b.py", "write", "read"),
        ("Fix a.py and b.py", "write", "write"),
        ("Compare a.py with b.py", "read", "read"),
        ("Copy a.py to b.py", "read", "write"),
        ("Move a.py to b.py", "write", "write"),
        ("Move the parser from a.py into b.py", "read", "write"),
        ("Add tests for a.py to b.py", "read", "write"),
        ("Add tests for a.py in b.py", "read", "write"),
        ("Change a.py like b.py", "write", "read"),
        ("Change a.py as in b.py", "write", "read"),
        ("Change a.py; b.py explains how", "write", "read"),
        ("Write a.py based on b.py", "write", "read"),
        ("b.py shows the style. Rewrite a.py", "write", "read"),
        ("Generate a.py from b.py", "write", "read"),
        ("Instead of b.py use a.py", "read", "read"),
        ("a.py -> b.py", "unclear", "write"),
        ("a.py and b.py", "unclear", "unclear"),
        ("Changes to a.py are described in b.py", "read", "read"),
    ],
)
def test_the_nearest_word_before_a_path_decides(text: str, a: str, b: str) -> None:
    assert (access(text, "a.py"), access(text, "b.py")) == (a, b)


def test_a_word_of_the_sentence_before_decides_nothing() -> None:
    assert access("Read the manual. a.py") == "unclear"
    assert access("Read this:\n\n- a.py") == "unclear"
    assert access("Fix this; a.py") == "unclear"
    assert access("Fix v1.2 of a.py") == "write"  # a dot inside a word ends no sentence


def test_what_is_read_here_and_written_there_is_written() -> None:
    assert access("Read a.py. Then fix a.py.") == "write"
    assert access("Fix a.py. Then read a.py.") == "write"


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("Fix a.py", ["a.py"]),
        ("Fix (a.py)", ["a.py"]),
        ("Fix \"a.py\"", ["a.py"]),
        ("Fix 'a.py'.", ["a.py"]),
        ("Fix a.py?", ["a.py"]),
        ("Fix **a.py**", ["a.py"]),
        ("Fix ./a.py", ["a.py"]),
        ("Fix a.py:12", ["a.py"]),
        ("Fix a.py:12:5", ["a.py"]),
        ("Fix a.py:10-20", ["a.py"]),
        ("Fix `a.py:10`", ["a.py"]),
        ("Fix app/x.py", ["app/x.py"]),
        ("Fix app/", ["app"]),
        ("Fix `app`", ["app"]),
        ("Fix app", []),  # a word of the language until it is written as a path
        ("Fix x.py", ["app/x.py"]),
        ("Fix util.py", ["lib/util.py", "src/util.py"]),
        ("Fix src/util.py", ["src/util.py"]),
        ("Fix new.py", ["new.py"]),
        ("Fix src/new/deep.py", ["src/new/deep.py"]),
        ("Fix other/place.py", ["other/place.py"]),
        ("Fix *.py", ["**/*.py"]),
        ("Fix src/*.py", ["src/*.py"]),
        ("Fix `src/**`", ["src/**"]),
        ("Fix the `Makefile`", ["Makefile"]),
        ("Fix the Makefile", ["Makefile"]),
        ("Fix the `Dockerfile`", ["Dockerfile"]),
        ("Fix `web/[id]/page.tsx`", ["web/[id]/page.tsx"]),
        ("Fix src/util.py and app/x.py.", ["src/util.py", "app/x.py"]),
        ("Fix https://example.org/a.py", []),
        ("Fix git+ssh://x/a.py", []),
        ("Fix *a.py* and ***app/x.py***", ["a.py", "app/x.py"]),
        ("Ask name@example.com", []),
        ("Fix /etc/hosts", []),
        ("Fix ~/a.py", []),
        ("Fix ../a.py", []),
        ("Fix .git/config", []),
        ("Use and/or, read/write, i.e. 1.2.3 and 3.14", []),
        ("Call os.path.join and self.a", []),
        ("Fix `two words.py`", ["words.py"]),
        ("Fix ... and *", []),
        ("Fix a.py a.py a.py", ["a.py"]),
        ("\u4fee\u590d a.py \u6587\u4ef6", ["a.py"]),
    ],
)  # fmt: skip
def test_what_in_a_text_is_a_path(text: str, paths: list[str]) -> None:
    assert [one.path for one in mentions(text, NAMES)] == paths


def test_a_name_that_many_files_have_names_none_of_them() -> None:
    five = names_of(Tree(root="/t", files=tuple(f"d{n}/__init__.py" for n in range(5))))
    six = names_of(Tree(root="/t", files=tuple(f"d{n}/__init__.py" for n in range(6))))
    assert len(mentions("Fix __init__.py", five)) == 5
    assert mentions("Fix __init__.py", six) == ()


def test_of_a_name_that_several_files_have_each_is_half_as_sure() -> None:
    one, two = mentions("Fix util.py", NAMES)
    (sure,) = mentions("Fix app/x.py", NAMES)
    assert one.confidence == two.confidence == sure.confidence / 2


def test_code_between_fences_is_an_example_and_names_at_most_what_is_read() -> None:
    text = "Fix b.py:\n```python\nopen('app/x.py').write(1); new.py; a.py\n```\n"
    assert {one.path: one.access for one in mentions(text, NAMES)} == {"b.py": "write", "app/x.py": "read"}
    assert {one.path: one.access for one in mentions("~~~\nsrc/util.py\n", NAMES)} == {"src/util.py": "read"}


def test_a_text_names_at_most_so_many_paths() -> None:
    text = " ".join(f"f{n}.py" for n in range(MAX_MENTIONS * 2))
    assert len(mentions(text, NAMES)) == MAX_MENTIONS


def test_every_extension_of_the_table_makes_a_file_name() -> None:
    for extension in wording.EXTENSIONS:
        assert [one.path for one in mentions(f"Fix name.{extension}", NAMES)] == [f"name.{extension}"]
    assert mentions("Fix name.qqq", NAMES) == ()


@pytest.mark.parametrize("name", sorted(wording.BARE_NAMES - {"Makefile"}))
def test_a_bare_name_of_the_table_is_a_file_where_it_is_written_as_one(name: str) -> None:
    assert [one.path for one in mentions(f"Fix `{name}`", NAMES)] == [name]
    assert mentions(f"Fix {name}", NAMES) == ()


def claims(text: str, **fields: object) -> tuple[list[str], list[str], bool]:
    found = claims_of(Task(task=text, **fields), Ground(TREE))  # type: ignore[arg-type]
    return [claim.path for claim in found.writes], [claim.path for claim in found.reads], found.bounded


def test_what_is_not_said_what_for_is_taken_as_written() -> None:
    assert claims("a.py") == (["a.py"], [], True)
    assert claims("a.py", permission="read-only") == ([], ["a.py"], True)


def test_what_is_declared_stands_beside_what_is_named() -> None:
    assert claims("Fix a.py", reads=["docs/**"]) == (["a.py"], ["docs/**"], True)
    assert claims("Fix a.py", reads=["a.py"]) == (["a.py"], ["a.py"], True)
    assert claims("Fix a.py", writes=["b.py"]) == (["b.py"], ["a.py"], True)
    assert claims("Fix a.py", writes=["a.py"]) == (["a.py"], [], True)
    assert claims("Fix a.py", writes=[]) == ([], ["a.py"], True)


@pytest.mark.parametrize(
    "text",
    ["everywhere", "throughout", "in all files", "in all the modules", "in every file", "at all call sites",
     "in the whole repository", "across the codebase", "across this project", "in the entire code base", "project-wide",
     "wherever it is used", "all usages", "every occurrence", "all tests", "the complete tree"],
)  # fmt: skip
def test_a_text_that_speaks_of_everything_is_unbounded_whatever_it_names(text: str) -> None:
    assert claims(f"Rename it in a.py {text}")[2] is False
    assert claims(f"Rename it in a.py {text}", writes=["a.py"])[2] is True


@pytest.mark.parametrize("text", ["Fix a.py thoroughly", "Fix all of a.py", "Fix every bug in a.py", "Fix a.py wholly"])
def test_a_text_that_only_sounds_like_everything_stays_bounded(text: str) -> None:
    assert claims(text)[2] is True


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"text": "Fix a.py"}, "named in task: to be written"),
        ({"text": "Fix ./a.py:3"}, "named in task as './a.py': to be written"),
        ({"text": "a.py"}, "named in task: it is not said what for"),
    ],
)
def test_each_claim_says_why(fields: dict[str, str], why: str) -> None:
    found = claims_of(Task(task=fields["text"]), Ground(TREE))
    assert [claim.why for claim in found.writes] == [why]
    assert 0 < found.writes[0].confidence < 1


def test_context_and_role_are_named_as_such() -> None:
    found = claims_of(Task(task="Fix a.py", context="see docs/guide.md", role="keeper of lib/util.py"), Ground(TREE))
    assert [(claim.path, claim.why) for claim in found.reads] == [
        ("docs/guide.md", "named in context: to be read"), ("lib/util.py", "named in role: to be read"),
    ]  # fmt: skip
