"""Laws of the scheduler, tried on whatever Hypothesis thinks of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forkjoin.model import (
    Completed,
    Edge,
    Ended,
    Failed,
    Held,
    Lifted,
    Limit,
    Limited,
    Limits,
    Lost,
    Options,
    Paused,
    Released,
    RetryAsked,
    Running,
    Starting,
    StopAsked,
)
from forkjoin.scheduling import End, Finish, Pause, Settle, Start, new_board, rebuild, retries_left, step
from forkjoin.testing import a_plan, a_task

NAMES = ("a", "b", "c", "d", "e", "f")
PROVIDERS = {"claude": "anthropic", "codex": "openai"}
LIMITS = st.sampled_from([Limit(kind="rate"), Limit(kind="quota", after_s=9.0)])
ENDS = st.sampled_from([Completed(), Completed(), Failed(kind="exit", reason="1"), Lost(reason="gone")])


@st.composite
def plans(draw):
    """Return a plan, its order, its options, and how each attempt would end."""
    pairs = [(a, b) for n, b in enumerate(NAMES) for a in NAMES[:n]]
    kinds = st.sampled_from(["after", "output", "write-write", "resource"])
    edges = tuple(Edge(first=a, then=b, kind=draw(kinds)) for a, b in draw(st.sets(st.sampled_from(pairs), max_size=8)))
    agents = st.sampled_from([None, "claude", "claude", "codex"])
    tasks = [
        a_task(name, cpu=draw(st.sampled_from([0, 0, 1, 3])), retries=draw(st.integers(0, 1)), agent=draw(agents))
        for name in NAMES
    ]
    options = Options(
        max_parallel=draw(st.sampled_from([None, 1, 2])),
        cores=2.0,
        fail_fast=draw(st.booleans()),
        limits=draw(st.sampled_from([Limits(), Limits(agents={"claude": 2}, providers={"anthropic": 1, "openai": 2})])),
    )
    return a_plan(*tasks), edges, options


def histories(plan):
    """Return, per task, what its attempts say in order; no task of another is in it."""
    return st.fixed_dictionaries({
        task.id: st.lists(ENDS, min_size=1, max_size=2).map(lambda ends, task=task: history(task, ends))
        for task in plan.tasks
    })  # fmt: skip


def history(task, ends):
    events = []
    for attempt, outcome in enumerate(ends, 1):
        again = retries_left(task, attempt, outcome)
        events += [
            Starting(task=task.id, attempt=attempt),
            Running(task=task.id, attempt=attempt),
            Ended(task=task.id, attempt=attempt, outcome=outcome, again=again),
        ]
        if not again:
            break
    return events


def interleaved(data, threads):
    """Return the events of all threads in some order that keeps each thread's own."""
    left = [list(thread) for thread in threads]
    events = []
    while any(left):
        thread = data.draw(st.sampled_from([one for one in left if one]))
        events.append(thread.pop(0))
    return events


def picture(board):
    return board.states(), {name: board.attempt(name) for name in NAMES}, board.queued, board.live


@given(plans(), st.data())
def test_any_interleaving_of_independent_events_folds_to_the_same_board(given_plan, data):
    plan, edges, options = given_plan
    options = Options(max_parallel=options.max_parallel, cores=2.0)  # whoever fails first matters to fail_fast
    threads = data.draw(histories(plan))
    cut = {task: events[: data.draw(st.integers(0, len(events)))] for task, events in threads.items()}
    extra = [[Held(cause="disk", detail="")], [StopAsked(task="b", reason="x")]] if data.draw(st.booleans()) else []
    one, other = (interleaved(data, [*cut.values(), *extra]) for _ in range(2))
    first, second = (rebuild(plan, edges, options, events) for events in (one, other))
    assert picture(first) == picture(second)
    (first, said), (second, said_too) = step(first, ()), step(second, ())
    assert said == said_too
    assert picture(first) == picture(second)


@given(plans(), st.data())
def test_the_order_within_a_turn_does_not_matter(given_plan, data):
    plan, edges, options = given_plan
    options = Options(max_parallel=options.max_parallel, cores=2.0)
    started = [c for c in step(new_board(plan, edges, options), ())[1] if isinstance(c, Start)]
    events = [Ended(task=c.task, attempt=c.attempt, outcome=data.draw(ENDS)) for c in started]
    turns = [data.draw(st.permutations(events)) for _ in range(2)]
    boards = [step(step(new_board(plan, edges, options), ())[0], turn) for turn in turns]
    assert boards[0][1] == boards[1][1]
    assert picture(boards[0][0]) == picture(boards[1][0])


class Caller:
    """Obeys the board as an engine would, and checks each command against what was promised."""

    def __init__(self, plan, edges, options):
        self.plan, self.edges, self.options = plan, edges, options
        self.tasks = {task.id: task for task in plan.tasks}
        self.live, self.ended, self.journal, self.finishes = {}, {}, [], 0
        self.held, self.paused, self.numbers = set(), set(), {}
        self.board = new_board(plan, edges, options, (), PROVIDERS)
        self.turn([])

    def turn(self, events):
        self.journal += events
        self.board, commands = step(self.board, events)
        for command in commands:
            match command:
                case Start(task=task, attempt=attempt):
                    self.start(task, attempt)
                case End(task=task, attempt=attempt):
                    assert self.live.get(task) == attempt, "only what lives is ended"
                case Settle(task=task, outcome=outcome):
                    assert task not in self.live
                    self.ended[task] = outcome
                    self.journal.append(Ended(task=task, attempt=0, outcome=outcome))
                case Pause(provider=provider, number=number, at_once=at_once):
                    assert number >= self.numbers.get(provider, 1)
                    self.paused.add(provider)
                    self.numbers[provider] = number
                    self.journal.append(Paused(provider=provider, until=1.0, number=number, at_once=at_once))
                case Finish():
                    assert command is commands[-1]
                    assert not self.live
                    assert set(self.ended) == set(self.tasks)
                    self.finishes += 1

    def start(self, task, attempt):
        assert task not in self.live
        assert task not in self.ended
        for edge in self.edges:
            if edge.then == task:
                assert edge.first in self.ended, "what it waits for has ended"
                assert not edge.needs_success or isinstance(self.ended[edge.first], Completed)
        provider = PROVIDERS.get(self.tasks[task].agent_name)
        assert provider not in self.paused, "nothing is started at a provider that is paused"
        there = [one for one in self.live if PROVIDERS.get(self.tasks[one].agent_name) == provider]
        assert provider is None or len(there) < self.options.limits.providers.get(provider, len(NAMES))
        assert "disk" not in self.held
        assert "memory" not in self.held or not self.live
        self.live[task] = attempt
        assert len(self.live) <= (self.options.max_parallel or len(self.tasks))
        assert sum(min(self.tasks[one].cpu, 2) for one in self.live) <= self.options.cores
        self.journal.append(Starting(task=task, attempt=attempt))

    def end(self, task, outcome):
        attempt = self.live.pop(task)
        again = retries_left(self.tasks[task], attempt, outcome)
        if not again:
            self.ended[task] = outcome
        self.turn([Ended(task=task, attempt=attempt, outcome=outcome, again=again)])

    def sent_away(self, task, limit):
        attempt, outcome = self.live.pop(task), Failed(kind="rate", reason="429")
        ended = Ended(task=task, attempt=attempt, outcome=outcome, limit=limit)
        again = self.board.goes_on(self.tasks[task], ended)
        if not again:
            self.ended[task] = outcome
        self.turn([Ended(task=task, attempt=attempt, outcome=outcome, limit=limit, again=again)])

    def hold(self, cause, *, held):
        (self.held.add if held else self.held.discard)(cause)
        self.turn([Held(cause=cause, detail="") if held else Released(cause=cause)])

    def lift(self, *providers):
        self.paused -= set(providers)
        self.turn([Lifted(provider=provider) for provider in providers])

    def retry(self, task, force):
        outcome = self.ended.get(task)
        if outcome is not None and (force or not isinstance(outcome, Completed)):
            queue = [task]
            for one in queue:
                if self.ended.pop(one, None) is not None:
                    queue += [e.then for e in self.edges if e.first == one and self.never_ran(e.then)]
        self.turn([RetryAsked(task=task, force=force)])

    def never_ran(self, task):
        return type(self.ended.get(task)).__name__ in ("Blocked", "Skipped")


@given(plans(), st.data())
def test_every_run_keeps_its_promises_and_finishes(given_plan, data):
    caller = Caller(*given_plan)
    for _ in range(data.draw(st.integers(0, 25))):
        moves = ["hold", "release", "stop", "retry", "crash", "lift"]
        moves += ["end", "end", "end", "limit", "limit", "told"] if caller.live else []
        match data.draw(st.sampled_from(moves)):
            case "end":
                caller.end(data.draw(st.sampled_from(sorted(caller.live))), data.draw(ENDS))
            case "limit" | "told" as move:
                task, limit = data.draw(st.sampled_from(sorted(caller.live))), data.draw(LIMITS)
                told = [Limited(task=task, attempt=caller.live[task], limit=limit)]
                caller.sent_away(task, limit) if move == "limit" else caller.turn(told)
            case "lift":
                caller.lift(data.draw(st.sampled_from(["anthropic", "openai"])))
            case "hold" | "release" as move:
                caller.hold(data.draw(st.sampled_from(["disk", "memory"])), held=move == "hold")
            case "stop":
                task, how = data.draw(st.sampled_from([*NAMES, ""])), data.draw(st.sampled_from(["term", "kill"]))
                caller.turn([StopAsked(task=task, reason="x", how=how)])
            case "retry":
                caller.retry(data.draw(st.sampled_from(NAMES)), data.draw(st.booleans()))
            case "crash":
                before = picture(caller.board)
                caller.board = rebuild(caller.plan, caller.edges, caller.options, caller.journal, (), PROVIDERS)
                assert picture(caller.board) == before
                caller.held.clear()
                caller.turn([])
    caller.held.clear()
    caller.turn([Released(cause="disk"), Released(cause="memory")])
    caller.lift("anthropic", "openai")
    while caller.live:
        caller.end(min(caller.live), Completed())
    assert caller.board.finished
    assert caller.finishes >= 1
