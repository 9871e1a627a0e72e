"""What the board gives way to: a task's log or diff, and the page that explains keys and signs. Pure."""

from __future__ import annotations

from rich.text import Text

from forkjoin.interfaces.cli.board import Frame, fitted
from forkjoin.interfaces.cli.words import STATES, spell
from forkjoin.model.text import one_line

_KEYS = (
    ("↑ ↓  j k", "choose a task; page up, page down, g and G go further"),
    ("enter", "its log, as it grows; q comes back"),
    ("d", "what it changed, as far as it was collected"),
    ("x", "stop it with all its processes; asks first"),
    ("esc", "fold a long list again: what runs and what went wrong first"),
)
_LEAVING = {
    True: (("q", "leave; the run goes on in the background"), ("Ctrl-C", "stop every task; again: end them at once")),
    False: (("q", "quit; the run goes on"), ("Ctrl-C", "the same: a watcher stops nothing")),
}
_STATES_A_LINE = 3


def page(title: str, part: list[str], frame: Frame, *, diff: bool) -> list[Text]:
    """Return a page of text with a title and its keys; the text is clean already. A diff is coloured by its marks."""
    lines = [Text(one_line(title), style="bold"), Text()]
    lines += [Text(line, style=_diff_style(line) if diff else "") for line in part or [""]]
    other = "enter log" if diff else "d diff"
    arrows = "↑↓" if frame.unicode else "j/k"
    lines.append(Text(frame.notice or f"{arrows} scroll   {other}   q back", style="dim"))
    return [fitted(line, frame) for line in lines]


def help_page(frame: Frame, *, attached: bool) -> list[Text]:
    """Return what each key does and what each sign means; any key leads back."""
    keys = [("j k", said) if not frame.unicode and "↑" in key else (key, said) for key, said in _KEYS]
    lines = [Text("Keys", style="bold")]
    lines += [Text(f"  {key:10} {said}") for key, said in (*keys, *_LEAVING[attached])]
    lines += [Text(), Text("Signs", style="bold"), *_signs(frame), Text(), Text("any key: back", style="dim")]
    return [fitted(line, frame) for line in lines[: frame.height]]


def _signs(frame: Frame) -> list[Text]:
    lines: list[Text] = []
    for at, (state, (symbol, plain, style)) in enumerate(STATES.items()):
        if at % _STATES_A_LINE == 0:
            lines.append(Text("  "))
        lines[-1].append(f"{symbol if frame.unicode else plain} {spell(state):14}", style=style)
    return lines


def _diff_style(line: str) -> str:
    if line.startswith(("+++", "---", "diff ", "index ")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
