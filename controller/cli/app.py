"""The command tree and the one place where errors become words and exit codes.

Commands stand in a table, so that ``trueup --help`` imports none of them (performance.md, row 8).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from controller import __version__
from controller.cli import screen
from controller.cli.exits import Exit
from controller.cli.settings import Settings, shared_options, with_shared_options

# By the folder that holds their modules, in the order and under the headings of `trueup --help`.
SECTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "declare": (
        "Declare",
        {
            "init": "Write a commented starter spec.",
            "validate": "Check the specs; shows every problem at once.",
            "explain": "Tell what a field of a spec means.",
            "schema": "Print JSON Schemas, for editors and programs.",
            "fmt": "Put spec files into one form; keeps comments.",
            "import": "Adopt what is already there.",
            "graph": "Draw what feeds what, and who waits for whom.",
        },
    ),
    "change": (
        "Plan and change",
        {
            "plan": "Show what differs and what would be done.",
            "apply": "Make it so.",
            "sync": "Make one resource true now, without asking.",
            "destroy": "Remove what trueup owns, after showing it.",
            "policy": "Rules of your own over plans: list them, try them.",
        },
    ),
    "understand": (
        "Understand",
        {
            "status": "Show how every resource stands.",
            "drift": "Show what somebody changed at the targets.",
            "why": "Explain why somebody is at a door, or is not.",
            "try": "Try a template or a filter on real records.",
            "test": "Ask resources who they are and whether we may.",
            "dump": "Write out everything that is there.",
        },
    ),
    "past": (
        "Look back",
        {
            "history": "List the runs there were.",
            "show": "Show what one run did, or a saved plan.",
            "events": "Show what happened, and follow it.",
            "diff": "Show in what two runs differ.",
            "rollback": "Plan to return what a run changed.",
        },
    ),
    "remember": (
        "What trueup keeps",
        {
            "secrets": "Keep passwords in the sealed store.",
            "protections": "List or release what may never be changed.",
            "state": "Look at and look after what trueup remembers.",
        },
    ),
    "program": (
        "The program",
        {
            "providers": "Which systems trueup knows; begin a new one.",
            "doctor": "What is wrong with this machine; for a bug report.",
            "simulate": "Start simulated doors and registers on this machine.",
            "completion": "Let bash, zsh or fish complete your words.",
            "version": "Show the version.",
        },
    ),
}
COMMANDS = {name: text for _, commands in SECTIONS.values() for name, text in commands.items()}

GUIDE = """\b
First steps:
  trueup init          writes specs/ with comments
  trueup validate      finds mistakes, changes nothing
  trueup plan          shows what would be done, changes nothing
  trueup apply         asks, then does it
\b
Exit codes: 0 fine, 1 error, 2 changes or drift, 3 specs invalid, 4 partly
done, 5 refused by a rule, 6 plan file not acceptable, 130 cancelled."""


class Commands(click.Group):
    """Loads a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        folder = next(folder for folder, (_, commands) in SECTIONS.items() if cmd_name in commands)
        command: click.Command = import_module(f"controller.cli.commands.{folder}.{cmd_name}").command
        return with_shared_options(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for heading, commands in SECTIONS.values():
            with formatter.section(heading):
                formatter.write_dl(list(commands.items()), col_max=14)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """From the table: asking each command would import all of them."""
        names = [CompletionItem(name, help=words) for name, words in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise click.UsageError(error.message + _did_you_mean(args[0]), ctx) from None


def _did_you_mean(word: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, COMMANDS, n=1)
    return f" Did you mean {close[0]}?" if close else ""


def make_app() -> click.Group:
    return Commands(
        name="trueup",
        help="Makes other systems true to what you declared: doors, registers and the systems around them.",
        epilog=GUIDE,
        params=[
            *shared_options(),
            click.Option(
                ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show it and stop."
            ),
        ],
        callback=lambda: None,
        context_settings={"help_option_names": ["-h", "--help"]},
        invoke_without_command=False,
    )


def _version(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value:
        click.echo(f"trueup {__version__}")
        context.exit()


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code. Every error ends here."""
    screen.measure()
    app = make_app()
    if instruction := os.environ.get("_TRUEUP_COMPLETE"):
        from controller.cli.completing.shells import answer

        return answer(app, instruction)
    holder: list[click.Context] = []
    try:
        with app.make_context("trueup", list(arguments), obj=Settings()) as context:
            holder.append(context)
            return int(app.invoke(context) or Exit.FINE)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (click.Abort, KeyboardInterrupt, EOFError):
        print("\ncancelled: nothing more was done", file=sys.stderr)
        return Exit.CANCELLED
    except click.ClickException as error:
        return _misunderstood(error)
    except SystemExit:
        raise
    except BaseException as error:  # a cancelled task and a group with an interruption in it are no Exception
        from controller.cli.failures import explain

        return explain(error, holder[0].obj if holder else Settings())


def _misunderstood(error: click.ClickException) -> Exit:
    """Wrong options and arguments, in the form of every other error; help that was not asked for is shown as it is."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return Exit.ERROR
    from controller.cli.talk import Talk

    context = error.ctx if isinstance(error, click.UsageError) else None
    Talk().complain(error.format_message(), f"to see how it is used: {context.command_path} --help" if context else "")
    return Exit.ERROR
