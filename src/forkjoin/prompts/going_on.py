"""What an agent is told that goes on in its own session: it has its brief already, so it is told what is new."""

from __future__ import annotations

from typing import Final

from forkjoin.model import Task
from forkjoin.prompts import texts
from forkjoin.prompts.brief import output_format, quoted

_ANSWER_CHARS: Final = 32_000  # of a broken answer that is shown to an agent without a session
_WHOLE: Final = "Your working tree is as you left it."
_FINISH: Final = "Look at what is done, finish the rest, and answer as you were asked to."


def follow_up(task: Task, message: str) -> str:
    """Return a message of the caller's, with how to answer it."""
    return f"{message.strip()}\n\n{_how(task)}\n"


def go_on(task: Task, reason: str) -> str:
    """Return the request to finish what an earlier attempt did not; *reason* is how that ended."""
    ended = f"Your work on this task ended before it was done: {quoted_line(reason)}." if reason else "Go on."
    return f"{ended} {_WHOLE} {_FINISH}\n{texts.ALONE}\n\n{_how(task)}\n"


def after_limit(task: Task, message: str) -> str:
    """Return the request to go on behind a pause of the provider; *message* is what was asked last, "" = the brief."""
    asked = f" What was asked last:\n\n{message.strip()}" if message.strip() else ""
    head = f"Your provider took no request for a time; it does again. {_WHOLE} {_FINISH}{asked}"
    return f"{head}\n\n{_how(task)}\n"


def repair(task: Task, complaint: str) -> str:
    """Return the request to give the last answer once more, in the form that was asked for."""
    return f"{_complaint(complaint)} {texts.REPAIR}\n\n{output_format(task)}\n"


def broken_answer(task: Task, brief: str, *, answer: str, complaint: str) -> str:
    """Return a brief followed by the answer it had, and what is wrong with that: for an agent without a session."""
    shown = answer[:_ANSWER_CHARS]
    cut = f"\n({len(answer) - len(shown):,} more characters were left out.)" if len(answer) > len(shown) else ""
    parts = (brief.rstrip(), "# Earlier answer", f"{texts.EARLIER} {texts.DATA}", quoted(shown) + cut)
    return "\n\n".join(parts) + f"\n\n{_complaint(complaint)} {texts.REPAIR}\n\n{output_format(task)}\n"


def quoted_line(text: str) -> str:
    """Return a reason as one line without the stop at its end."""
    return " ".join(text.split()).rstrip(".")


def _complaint(complaint: str) -> str:
    return f"Your answer cannot be used: {quoted_line(complaint)}."


def _how(task: Task) -> str:
    return f"Output format, as before:\n\n{output_format(task)}"
