"""A report for people, in Markdown: a screen that says what to do, then everything it stands on.

Texts of agents are data. In a line they are escaped, answers stand in a fence longer than any in them, so that nothing
an agent writes can become a heading, a link, an image or HTML of the report.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from forkjoin.errors import listed
from forkjoin.model import Comparison, Finding, Group, Report, Source, TaskSummary, spoken
from forkjoin.model.text import clean, one_line
from forkjoin.synthesis.comparing import comparison_rows
from forkjoin.synthesis.similar import more_words, words_of
from forkjoin.synthesis.words import (
    comparable,
    counted,
    counts_line,
    coverage_line,
    narrowing_lines,
    not_looked_at_lines,
    place,
    seen_by,
    task_line,
    total,
)

_IDS, _DIFFERENCES = 8, 20
_OF_A_KIND = 3
_HEAD_LINES, _HEAD_CHARS = 12, 1_200
_TEXT_CHARS = 600
_OTHERS, _SAME_WORDS = 2, 2


def render_markdown(report: Report, *, limit: int = 50) -> str:
    """Return the report as Markdown with at most *limit* findings in full; the others are counted.

    Of each kind the first three stand in full, the rest in a line below them.
    """
    parts = [
        _top(report),
        _questions(report),
        _next(report),
        _findings(report, max(0, limit)),
        _disagreements(report.findings),
        _clashes(report),
        *map(_comparison, report.comparisons),
        _tasks(report.tasks),
        _not_looked_at(report),
        _account(report),
        _section("Notes", [f"- {inline(note)}" for note in report.notes]),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def inline(text: str, width: int = 0) -> str:
    """Return a text of an agent as one line of Markdown that shows just its words; `code` stays code."""
    line = one_line(text, width)
    if _ORDINARY.fullmatch(line):
        return line
    pieces = re.split(r"(?<!`)(`[^`]+`)(?!`)", line)
    return "".join(piece if odd else _escaped(piece) for odd, piece in _alternating(pieces))


def _alternating(pieces: Sequence[str]) -> Iterator[tuple[bool, str]]:
    return ((at % 2 == 1, piece) for at, piece in enumerate(pieces))


# Underscores emphasise at a word's edge, lists and headings begin a line, bare links and mentions have their mark.
_SPECIAL = re.compile(
    r"[\\`*\[\]<>&~|@]|(?<![^\W_])_+|_+(?![^\W_])|^(?:[#+-]+|\d+[.)])(?=\s|$)|^[=-]{2,}|(?<=\w)://|(?<=www)\."
)

# A line in which nothing can be special: most of a long report are such.
_ORDINARY = re.compile(r"[A-Za-z][A-Za-z0-9, ()-]*")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: re.sub(r"([^\w\s]|_)", r"\\\1", found[0]), text)


def code(text: str) -> str:
    """Return a text as code in a line, whatever backticks are in it."""
    line = one_line(text)
    runs = {len(run) for run in re.findall(r"`+", line)}
    fence = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _top(report: Report) -> str:
    lines = [f"# {inline(report.name or report.run)}"]
    lines += [inline(report.goal)] if report.goal else []
    lines += [f"**{inline(counts_line(report))}.**", f"Looked at: {inline(coverage_line(report))}."]
    lines += [f"{inline(said)}." for said in narrowing_lines(report)]
    if report.coverage.not_looked_at:
        named = "; ".join(one_line(line) for line in not_looked_at_lines(report.coverage.not_looked_at))
        lines.append(f"Not looked at: {inline(named)}.")
    return "\n\n".join(lines)


def _section(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n\n" + "\n".join(lines).rstrip() if lines else ""


def _questions(report: Report) -> str:
    lines = []
    for one in report.questions:
        said = f": {inline(one.text)}" if one.text else ""
        lines += [f"- **{inline(one.task)}** {inline(one.reason)}{said}", f"  - Answer it: {code(one.command)}"]
    return _section("Needs your answer", lines)


def _comparison(comparison: Comparison) -> str:
    head, *rows = (tuple(map(inline, row)) for row in comparison_rows(comparison))
    lines = [_row(head), _row(["---"] * len(head)), *map(_row, rows), ""]
    lines += [
        f"- {inline(one.agent)}: {code(f'forkjoin diff {one.task}')}" for one in comparison.alternatives if one.files
    ]
    about = f" {inline(comparison.description)}" if comparison.description else ""
    return _section(f"Compared: {inline(comparison.task)}{about}", lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _next(report: Report) -> str:
    lines = []
    for number, action in enumerate(report.actions, start=1):
        cited = listed(action.findings, _IDS)
        lines.append(f"{number}. **{action.severity}**: {inline(action.text)} [{cited}]")
    return _section("Do next", lines)


def _findings(report: Report, limit: int) -> str:
    lines, shown, told = list[str](), 0, 0
    for finding, in_full, rest_of in _few_of_a_kind(report):
        if in_full and shown == limit:
            break
        told += 1
        if in_full:
            shown += 1
            lines += _finding(finding)
        if rest_of is not None:
            lines.append(_more_of(rest_of, report.findings))
    left = total(report) - told
    if left > 0:
        rest = f"and {counted(left, 'more finding')}, none worse; all are" if told else f"{counted(left, 'finding')}"
        lines.append(f"\n{rest} in the JSON report.")
    return _section("Findings", lines)


def _few_of_a_kind(report: Report) -> Iterator[tuple[Finding, bool, Group | None]]:
    """Yield each finding, whether it is shown in full, and the group of which no more are from here on."""
    kinds = {id_: group for group in report.groups for id_ in group.findings if len(group.findings) > _OF_A_KIND + 1}
    seen = Counter[str]()
    for finding in report.findings:
        group = kinds.get(finding.id)
        if group is None:
            yield finding, True, None
            continue
        seen[group.kind] += 1
        yield finding, seen[group.kind] <= _OF_A_KIND, group if seen[group.kind] == _OF_A_KIND else None


def _more_of(group: Group, findings: Sequence[Finding]) -> str:
    """Return what else there is of a kind in a line below its first ones: places and ids, of many only the number."""
    others = group.findings[_OF_A_KIND:]
    known = set(others)
    places = list(dict.fromkeys(code(place(finding)) for finding in findings if finding.id in known and finding.path))
    where = f": {listed(places, _IDS)}" if places else ""
    return f"  - and {len(others):,} more of this kind{where} [{listed(others, _IDS)}]"


def _finding(finding: Finding) -> Iterator[str]:
    where = f"{code(place(finding))} " if finding.path else ""
    rule = f"{inline(finding.rule)} " if finding.rule else ""
    seen = ", ".join(inline(agent) for agent in seen_by(finding))
    yield f"- **{finding.severity}** {where}{rule}{inline(finding.title)} ({seen}) [{finding.id}]"
    if more_words(finding.message, words_of(finding.title)) > _SAME_WORDS:
        yield f"  - {inline(finding.message, _TEXT_CHARS)}"
    for source in _other_words(finding):
        yield f"  - {inline(source.agent)}: {inline(source.message, _TEXT_CHARS)}"
    if finding.evidence:
        yield f"  - Evidence: {code(one_line(finding.evidence, _TEXT_CHARS))}"
    if finding.remedy:
        yield f"  - Remedy: {inline(finding.remedy, _TEXT_CHARS)}"


def _other_words(finding: Finding) -> Iterator[Source]:
    """Yield the witnesses that say more than what stands there already, two at most."""
    known, shown = words_of(f"{finding.title}\n{finding.message}"), 0
    for source in finding.sources:
        if shown < _OTHERS and more_words(source.message, known) > _SAME_WORDS:
            known, shown = known | words_of(source.message), shown + 1
            yield source


def _disagreements(findings: Sequence[Finding]) -> str:
    """List what witnesses differ in, the same difference once with all the findings it is about."""
    same: dict[str, list[str]] = {}
    for finding in findings:
        if finding.note:
            same.setdefault(finding.note, []).append(finding.id)
    lines = [f"- {inline(note)} [{listed(ids, _IDS)}]" for note, ids in list(same.items())[:_DIFFERENCES]]
    if len(same) > _DIFFERENCES:
        lines.append(
            f"- and {counted(len(same) - _DIFFERENCES, 'more difference')}; see the findings' notes in the JSON."
        )
    return _section("Disagreements", lines)


def _clashes(report: Report) -> str:
    lines = [
        f"- {inline(said)}" + (f" [{listed(clash.findings, _IDS)}]" if clash and clash.findings else "")
        for said, clash in zip_longest(report.overlaps, report.clashes[: len(report.overlaps)])
    ]
    return _section("Changed side by side", lines)


def _tasks(tasks: Sequence[TaskSummary]) -> str:
    return _section("Tasks", [line for task in tasks for line in _task(task)])


def _task(task: TaskSummary) -> Iterator[str]:
    named = f"**{inline(task.id)}**" + (f" {inline(task.description)}" if task.description else "")
    reason = f": {inline(task.reason)}" if task.reason else ""
    yield f"- {named} ({inline(task_line(task))}){reason}"
    if task.answer:
        yield from _quoted(task)


def _quoted(task: TaskSummary) -> Iterator[str]:
    """Yield the head of an answer in a fence that the answer cannot close."""
    text = clean(task.answer)
    lines = text[:_HEAD_CHARS].split("\n")[:_HEAD_LINES]
    cut = task.answer_cut or len("\n".join(lines)) < len(text)
    runs = re.findall(r"`+", "\n".join(lines)) if "`" in text else ()
    longest = max(map(len, runs), default=0)
    fence = "`" * max(3, longest + 1)
    yield ""
    yield f"  {fence}text"
    yield from (f"  {line}".rstrip() for line in lines)
    yield f"  {fence}"
    if cut:
        yield f"\n  (the beginning; the rest: `forkjoin output {task.id}`)"
    yield ""


def _not_looked_at(report: Report) -> str:
    return _section("Not looked at", [f"- {inline(name)}" for name in report.coverage.not_looked_at])


def _account(report: Report) -> str:
    account = report.account
    if account is None or not report.tasks:
        return ""
    path = " → ".join(inline(task) for task in account.critical_path)
    lines = [f"- Wall time {spoken(account.wall_s)}, sum of the tasks {spoken(account.sum_s)}."]
    if comparable(account, tasks=len(report.tasks)):
        lines.append(f"- Speed-up against one after another: {account.speedup:.1f}×.")
    lines += [f"- Critical path: {path}."] if path else []
    lines += [f"- Spent: {report.spent.said}."] if report.spent.tasks else []
    lines += [f"- Lost: {spoken(lost.seconds)} to {inline(lost.cause)}." for lost in account.lost]
    return _section("Time", lines)
