"""The options that every command shares, accepted before and after the command's name, and how they reach the runtime."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing.words import ADDRESS, FILE, KIND, LABEL, RESOURCE

if TYPE_CHECKING:
    from pathlib import Path

    from controller.runtime.workspace import Options

DEFAULT_SPECS = "specs"
DEFAULT_STATE = ".trueup"


@dataclass(frozen=True)
class Settings:
    """What was given on the command line or in the environment; paths are texts until a command needs them."""

    file: tuple[str, ...] = ()
    state: str = ""
    trust: str = ""
    vars_files: tuple[str, ...] = ()
    no_color: bool = False
    quiet: bool = False
    verbose: bool = False

    def options(self) -> Options:
        """The same for the runtime. The environment is read here and nowhere else."""
        from pathlib import Path

        from controller import __version__
        from controller.runtime.workspace import Options
        from controller.sdk.context import SystemClock

        return Options(
            specs=tuple(Path(path) for path in self.specs),
            state=Path(self.state or os.environ.get("TRUEUP_STATE") or DEFAULT_STATE),
            trust=Path(trust) if (trust := self.trust or os.environ.get("TRUEUP_TRUST", "")) else None,
            environ=dict(os.environ),
            clock=SystemClock(),
            version=__version__,
            vars_files=self.values(),
        )

    def values(self) -> tuple[Path, ...]:
        """The files whose values specs take with ``{var: NAME}``; of a name in several the last counts."""
        from pathlib import Path

        from_environment = tuple(part for part in os.environ.get("TRUEUP_VARS", "").split(os.pathsep) if part)
        return tuple(Path(path) for path in self.vars_files or from_environment)

    @property
    def specs(self) -> tuple[str, ...]:
        from_environment = tuple(part for part in os.environ.get("TRUEUP_SPECS", "").split(os.pathsep) if part)
        return self.file or from_environment or (DEFAULT_SPECS,)

    @property
    def given(self) -> str:
        """The options to repeat in a command that is suggested, with a leading blank; nothing when all are defaults."""
        words = [word for path in self.file for word in ("-f", path)]
        words += ["--state", self.state] if self.state else []
        words += ["--trust", self.trust] if self.trust else []
        words += [word for path in self.vars_files for word in ("--vars", path)]
        return "".join(f" {shlex.quote(word)}" for word in words)


def settings_of(context: click.Context) -> Settings:
    found = context.find_root().obj
    return found if isinstance(found, Settings) else Settings()


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value and parameter.name:
        context.find_root().obj = replace(settings_of(context), **{parameter.name: value})


def shared_options() -> list[click.Option]:
    """Fresh option objects: click keeps parameters per command."""
    keep: dict[str, Any] = {"expose_value": False, "callback": _remember}
    specs = f"Spec file or folder [default: {DEFAULT_SPECS}/, env: TRUEUP_SPECS]"
    values = "Values for {var: NAME} [env: TRUEUP_VARS]"
    state = f"What is remembered [default: {DEFAULT_STATE}/, env: TRUEUP_STATE]"
    return [
        click.Option(["-f", "--file"], type=FILE, multiple=True, metavar="PATH", help=specs, **keep),
        click.Option(["--state"], type=FILE, metavar="FOLDER", help=state, **keep),
        click.Option(["--trust"], type=FILE, metavar="FILE", help="Which secret may go to which host [env: TRUEUP_TRUST]", **keep),
        click.Option(["--vars", "vars_files"], type=FILE, multiple=True, metavar="FILE", help=values, **keep),
        click.Option(["--no-color"], is_flag=True, help="No colour [env: NO_COLOR]", **keep),
        click.Option(["--quiet"], is_flag=True, help="Results and errors only", **keep),
        click.Option(["--verbose"], is_flag=True, help="Whole lists, and more about what is done", **keep),
    ]


def with_shared_options(command: click.Command) -> click.Command:
    """The command, and the commands in it, accepting the shared options too."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            with_shared_options(inner)
    if not any(parameter.name == "verbose" for parameter in command.params):
        taken = {word for parameter in command.params for word in parameter.opts}
        for option in shared_options():
            option.opts = [word for word in option.opts if word not in taken]  # `events -f` follows; --file stays what it is
            command.params.append(option)
    return command


def lease_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--lock-timeout, wherever the lease is taken. --wait is its older name."""
    option = click.option(
        "--lock-timeout", "--wait", "wait", metavar="TIME", default="0", callback=_seconds, expose_value=True,
        help="How long to wait while another trueup is at work: 30s, 5m.",
    )  # fmt: skip
    return option(function)


def _seconds(context: click.Context, parameter: click.Parameter, text: str) -> float:
    from controller.model.errors import UsageError
    from controller.model.units import parse_duration

    try:
        return parse_duration(text)
    except ValueError as wrong:
        raise UsageError(f"--lock-timeout: {wrong}", hint="write 30s, 5m or 1h") from None


_LABEL = click.option(
    "-l",
    "--label",
    "labels",
    type=LABEL,
    multiple=True,
    metavar="SELECTOR",
    help="Only resources with this label: site=gym, '!site'.",
)
_ONLY = click.option("--only", type=KIND, multiple=True, metavar="KIND", help="Only entities of this kind: person, card.")
_EXCLUDE = click.option(
    "--exclude", "excludes", type=ADDRESS, multiple=True, metavar="ADDRESS", help="Leave this out; * stands for anything."
)
_TARGET = click.option(
    "--target",
    "targets",
    type=ADDRESS,
    multiple=True,
    metavar="ADDRESS",
    help="Only this: Device/front-door, 'Device/*:person/1001'.",
)
_RESOURCE = click.option(
    "--target", "targets", type=RESOURCE, multiple=True, metavar="ADDRESS", help="Only this: Device/front-door, 'Device/*'."
)


def scope_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--target, --exclude, --only and --label for commands that are about a part."""
    return _TARGET(_EXCLUDE(_ONLY(_LABEL(function))))


def resource_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for commands that are about whole resources."""
    return _RESOURCE(_EXCLUDE(_LABEL(function)))


def label_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """--label alone, where addresses are arguments."""
    return _LABEL(function)


def record_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--record and --where for commands that are about what certain records make."""
    where = "Only what records with this value make; of several all must hold."
    record = "Only what this record makes: people:17."
    for option in (
        click.option("--where", multiple=True, metavar="SOURCE.FIELD=VALUE", help=where),
        click.option("--record", "records", multiple=True, metavar="SOURCE:KEY", help=record),
    ):
        function = option(function)
    return function
