"""`trueup --help` is typed often and must answer at once: nothing but click is loaded for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from controller.cli.app import COMMANDS, make_app

HEAVY = (
    "pydantic", "httpx", "yaml", "ruamel", "sqlite3", "textual", "rich", "msgspec", "jsonschema", "cryptography", "asyncio",
    "controller.model",
)  # fmt: skip
CALLS = (["--help"], ["--version"], ["plan", "--help"], ["secrets", "set", "--help"], ["version"])


@pytest.mark.parametrize("arguments", CALLS, ids=" ".join)
def test_help_loads_nothing_but_click(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom controller.cli.app import run\n"
        f"code = run({arguments!r})\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules], code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.splitlines()[-1] == "LOADED [] 0"


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    app = make_app()
    context = app.make_context("trueup", ["version"])
    for name, words in COMMANDS.items():
        command = app.get_command(context, name)
        assert command is not None and command.short_help == words
