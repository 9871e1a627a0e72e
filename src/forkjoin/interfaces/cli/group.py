"""The command line's shape: a group whose verbs are loaded when asked for, and the layout of the help."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from forkjoin.errors import choices
from forkjoin.interfaces.cli.table import GROUPS, VERBS, hint

SHELLS = ("bash", "zsh", "fish")
_COMPLETIONS = {"--show-completion": "show_callback", "--install-completion": "install_callback"}
_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class VerbCommand(TyperCommand):
    """A verb; its help is laid out here, so that it reads the same under every version of typer.

    `optional_values` are flags that may stand without a value, and what they then mean.
    """

    optional_values: Mapping[str, str] = {}

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Return the words; a flag that stands without its value gets the one it then means."""
        return super().parse_args(ctx, [*_with_values(args, self.optional_values)])

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line."""
        arguments = [_argument(param) for param in self.params if param.param_type_name == "argument"]
        formatter.write_usage(ctx.command_path, " ".join(["[OPTIONS]", *arguments]))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write usage, text, arguments, options and examples."""
        self.format_usage(ctx, formatter)
        for paragraph in inspect.cleandoc(self.help or "").split("\n\n"):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(paragraph)
        _write_params(self, ctx, formatter)
        if self.epilog:
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


class VerbGroup(TyperGroup):
    """All verbs. The help needs only their lines in the table; a verb's module is imported when it is run."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Return the words behind the group's own flags; a verb's flag before the verb is told its place."""
        if len(args) == 2 and args[0] in _COMPLETIONS:
            _complete_for(ctx, *args)
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # typer's usage errors, whose class moved between its versions
            option = getattr(error, "option_name", "")
            if not option or not any(word in VERBS for word in args):
                raise
            ctx.fail(f"no flag {option} before the verb; flags stand behind it: forkjoin VERB {option} ...")

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return what help and completion need to know of a verb."""
        line = VERBS.get(cmd_name)
        return None if line is None else TyperCommand(name=cmd_name, short_help=line.summary, rich_markup_mode=None)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the verb that was asked for, loaded; an unknown one is a usage error with a hint."""
        name = args[0]
        if name not in VERBS and ctx.resilient_parsing:
            return None, None, []  # a completion: nothing is known of what follows
        if name not in VERBS:
            ctx.fail(f"no verb {name!r}; {hint(name)}")
        return name, verb_command(name), args[1:]

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line."""
        formatter.write_usage("forkjoin", "VERB [OPTIONS] [ARGUMENTS]")

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the verbs in their groups."""
        self.format_usage(ctx, formatter)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(self.help or "")
        for group in GROUPS:
            with formatter.section(group):
                formatter.write_dl([(f"{name:8}", line.summary) for name, line in VERBS.items() if line.group == group])
        _write_params(self, ctx, formatter)
        formatter.write_paragraph()
        formatter.write("Try: forkjoin review .      Help of a verb: forkjoin VERB --help\n")


def _complete_for(ctx: Any, flag: str, shell: str) -> None:
    """Show or install the completion of the named shell and leave: typer would take the one it runs in, unasked."""
    from typer import completion

    if shell not in SHELLS:
        ctx.fail(f"{flag}: no completion for {shell!r}; {choices(shell, SHELLS)}")
    getattr(completion, _COMPLETIONS[flag])(ctx, None, shell)


# A program that enters here more than once (a test, or who forks) makes each command once.
@cache
def application() -> Any:
    """Return the whole command line as one command."""
    app = typer.Typer(
        name="forkjoin",
        cls=VerbGroup,
        rich_markup_mode=None,
        context_settings=_CONTEXT,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="Runs coding agents side by side and joins what they bring back.",
    )
    app.callback()(_top)
    return get_command(app)


@cache
def verb_command(name: str) -> Any:
    """Return one verb's command, made from its module."""
    module = importlib.import_module(f"forkjoin.interfaces.cli.verbs.{name}")
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(
        name,
        cls=type("Verb", (VerbCommand,), {"optional_values": getattr(module, "OPTIONAL", {})}),
        help=inspect.getdoc(module.Ask),
        epilog=_examples(module.EXAMPLES),
        short_help=VERBS[name].summary,
        context_settings=_CONTEXT,
    )(_callback(module.Ask, module.act))
    return get_command(app)


def _with_values(args: Sequence[str], optional: Mapping[str, str]) -> Iterator[str]:
    """Yield the words of a command line, a bare flag of *optional* as `FLAG=VALUE`; a folder behind it is no value."""
    behind = False
    for word, following in zip_longest(args, args[1:], fillvalue=""):
        behind = behind or word == "--"
        bare = not following or following.startswith("-") or Path(following).is_dir()
        yield f"{word}={optional[word]}" if word in optional and bare and not behind else word


def _print_version(asked: bool) -> None:
    if asked:
        from forkjoin.model.version import VERSION

        typer.echo(f"forkjoin {VERSION}")
        raise typer.Exit(0)


def _top(
    version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
    ),
) -> None:
    del version  # its callback has done it


def _callback(ask: type[Any], act: Callable[[Any], int]) -> Callable[..., int]:
    """Return a function with one parameter a field of *ask*, for typer to look at."""

    def call(**given: Any) -> int:
        kept = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
        return act(ask(**kept))

    hints = get_type_hints(ask, include_extras=True)
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined] # what inspect.signature looks for first
        [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if field.default is MISSING else _listed(field.default),
                annotation=hints[field.name],
            )
            for field in _own_first(ask)
        ]
    )
    call.__annotations__ = hints
    return call


def _own_first(ask: type[Any]) -> list[Field[Any]]:
    """Return the fields as the help lists them: a verb's own before those it shares."""
    order = {name: (at, place) for at, owner in reversed(list(enumerate(ask.__mro__)))
             for place, name in enumerate(vars(owner).get("__annotations__", {}))}  # fmt: skip
    return sorted(fields(ask), key=lambda field: order[field.name])


def _listed(default: Any) -> Any:
    return list(default) if isinstance(default, tuple) else default


def _examples(examples: Sequence[tuple[str, str]]) -> str:
    width = max(len(command) for command, _ in examples)
    return "\n".join(f"{command:{width}}  {said}".rstrip() for command, said in examples)


def _argument(param: Any) -> str:
    return str(param.metavar) if param.required else f"[{param.metavar}]"


def _write_params(command: Any, ctx: Any, formatter: Any) -> None:
    shown = [param for param in command.get_params(ctx) if not getattr(param, "hidden", False)]
    arguments = [(param.metavar, param.help) for param in shown if param.param_type_name == "argument"]
    options = [(_option(param), param.help or "") for param in shown if param.param_type_name == "option"]
    for title, rows in (("Arguments", arguments), ("Options", options)):
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)


def _option(param: Any) -> str:
    names = ", ".join(sorted(param.opts, key=len))
    value = "" if param.is_flag or param.count else f" {param.metavar or 'TEXT'}"
    return f"{names}{value}"
