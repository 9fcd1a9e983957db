"""``trueup fmt``: spec files in one form, comments kept. Connects nowhere, needs no secret, never changes what a spec means."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import click

from controller.cli.exits import Exit, first
from controller.cli.settings import settings_of
from controller.cli.talk import talk_of, write

if TYPE_CHECKING:
    from controller.cli.talk import Talk
    from controller.spec.formatting.files import Forming

STDIN = "<stdin>"


@click.command("fmt", short_help="Put spec files into one form; keeps comments.")
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATH...]")
@click.option("--check", is_flag=True, help="Write nothing; list what is not in form and leave with 2.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def command(context: click.Context, paths: tuple[str, ...], check: bool, diff: bool, output: str) -> Exit:
    """Put spec files into canonical form: keys in the order apiVersion, kind, metadata, spec; two blanks for each level; one blank
    where one belongs. Comments, quotes and the order of all other keys stay.

    PATH is a file or a folder (default: the specs); - reads one spec from standard input and writes it to standard output. A file
    whose meaning would change is left as it is.

    \b
    Examples:
      trueup fmt
      trueup fmt --check --diff specs/doors.yaml
      trueup fmt - < doors.yaml

    Exit codes: 0 fine, 2 something is not in form (--check), 3 not YAML, 4 a file had to be left as it is.
    """
    from controller.model.errors import UsageError

    talk = talk_of(context)
    if "-" not in paths:
        from pathlib import Path

        from controller.spec.formatting.files import form_files

        forming = form_files([Path(path) for path in paths or settings_of(context).specs])
        shown = _write_files(talk, forming, dry=check or diff, quiet=diff or output == "json")
    elif len(paths) > 1 or output == "json":
        raise UsageError("- is standard input: nothing else may stand beside it", hint="for example: trueup fmt - < doors.yaml")
    else:
        forming = _standard_input()
        shown = _write_text(talk, forming, dry=check or diff, quiet=diff)
    _report(talk, forming, check, diff, output)
    changes = Exit.CHANGES if check and shown else Exit.FINE
    return first(changes, Exit.SPEC_INVALID if forming.broken else Exit.FINE, Exit.PARTLY if forming.left else Exit.FINE)


def _standard_input() -> Forming:
    from controller.model.errors import UsageError
    from controller.spec.formatting.files import form_bytes

    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("nothing comes from standard input", hint="for example: trueup fmt - < doors.yaml")
    return form_bytes(STDIN, sys.stdin.buffer.read())


def _write_files(talk: Talk, forming: Forming, *, dry: bool, quiet: bool) -> int:
    """Replace what is not in form, listing it; how many files that were, or would be."""
    from controller.spec.formatting.files import replace_file

    changed = [file for file in forming.files if file.changed]
    for file in changed:
        if not dry:
            replace_file(file)
        if not quiet:
            talk.data(str(file.path))
    return len(changed)


def _write_text(talk: Talk, forming: Forming, *, dry: bool, quiet: bool) -> int:
    changed = sum(file.changed for file in forming.files)
    for file in forming.files:
        if dry and changed and not quiet:
            talk.data(STDIN)
        elif not dry and file.formed:
            write(sys.stdout, file.formed.decode())
    return changed


def _report(talk: Talk, forming: Forming, check: bool, diff: bool, output: str) -> None:
    from controller.cli.show.declare.difference import difference
    from controller.cli.show.declare.documents import FmtDocument, FormattedFile
    from controller.cli.show.documents import encoded
    from controller.cli.show.words import counted
    from controller.spec.render import render_text

    changed = [file for file in forming.files if file.changed]
    if output == "json":
        state: Literal["would-change", "formatted"] = "would-change" if check or diff else "formatted"
        files = tuple(FormattedFile(str(f.path), state if f.changed else "fine") for f in forming.files)
        talk.data(encoded(FmtDocument(files, forming.problems)))
        return
    if diff and changed:
        talk.data("\n".join(difference(str(f.path), f.raw.decode(), f.formed.decode()) for f in changed))
    if forming.problems:
        write(sys.stderr, render_text(forming.problems))
    if forming.files and [str(file.path) for file in forming.files] != [STDIN]:
        words = "would change" if check or diff else "formatted"
        talk.say(f"{counted(len(changed), 'file')} {words}, {len(forming.files) - len(changed)} in form already")
