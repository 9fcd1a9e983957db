"""Where the examples of a page run: a workspace of its own, simulated doors on loopback, and the command line in this process.

Knows trueup, ``cd``, ``export``, ``mkdir``, ``cat``, ``rm``, ``printf``, ``jq`` and one form of ``curl``; whatever else a page
wants to run is an error, so that no example goes unread. Ports that a page names are exchanged for free ones.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from controller.cli.app import run
from controller.cli.commands.program.simulate import described, started
from controller.sdk.loopback import serve_in_thread
from controller.spec.starter import write_starter
from tests.docs.pages import ROOT, Block, Command
from tests.docs.typed import redirected, shlex_words, split

PASSWORD = "Open-Sesame-1"
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d{4,5}|(?<=port: )\d{4,5}")
_SIMULATORS = """\
simulators:
  - {simulator: hikvision, port: 18101, options: {serial: FRONT-0001, password: Open-Sesame-1}}
"""


class _Keyboard(io.StringIO):
    """Somebody who says yes to everything."""

    def isatty(self) -> bool:
        return True


@dataclass
class Stage:
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    stack: ExitStack
    ports: dict[str, str] = field(default_factory=dict)

    # -- what stands in files ------------------------------------------------------------------------------------------------

    def here(self, text: str) -> str:
        """The page's text with ports that are free on this machine."""
        return _PORT.sub(lambda found: self.ports.setdefault(found[0], _free_port()), text)

    def there(self, text: str) -> str:
        """What was printed, with the page's ports again."""
        for page, real in self.ports.items():
            text = text.replace(f":{real}", f":{page}")
        return text

    def write(self, block: Block) -> None:
        path = Path.cwd() / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.here(block.body), encoding="utf-8")

    # -- what runs -----------------------------------------------------------------------------------------------------------

    def start(self, file: Path) -> None:
        """``trueup simulate FILE``, in a thread, until the page ends."""
        entries = described(file)
        self.stack.enter_context(serve_in_thread([(started(entry), int(entry.get("port", 0))) for entry in entries]))

    def run(self, command: Command) -> str:
        """What a line printed, stdout alone where there is any. Fails when it leaves with another code than the page says."""
        printed, code = "", 0
        for joined in split(shlex_words(self.here(command.text)), "&&"):
            typed: str | None = None
            for words in split(joined, "|"):
                code, printed = self._one(words, typed)
                typed = printed
        assert code == command.code, f"{command.place}: `{command.text}` left with {code}, not {command.code}:\n{printed}"
        return self.there(printed)

    def _one(self, words: list[str], typed: str | None) -> tuple[int, str]:
        words, file = redirected(words)
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            self._export(words.pop(0))
        code, printed = self._program(words, typed)
        if file:
            Path(file).write_text(printed, encoding="utf-8")
            printed = ""
        return code, printed

    def _program(self, words: list[str], typed: str | None) -> tuple[int, str]:
        match words:
            case ["trueup", *arguments]:
                return self._trueup(arguments, typed)
            case ["cd", folder]:
                self.monkeypatch.chdir(folder)
            case ["mkdir", folder]:
                Path(folder).mkdir()
            case ["rm", *names]:
                for name in names:
                    Path(name).unlink()
            case ["export", *pairs]:
                for pair in pairs:
                    self._export(pair)
            case ["cat", name]:
                return 0, Path(name).read_text(encoding="utf-8")
            case ["printf", "%s", text]:
                return 0, text
            case ["jq", *arguments]:
                return _jq(arguments, typed)
            case ["curl", *arguments]:
                return 0, _curl(arguments)
            case []:
                pass
            case _:
                pytest.fail(f"no example may run {words[0]!r}; mark the block with `parse` when it cannot be run")
        return 0, ""

    def _export(self, pair: str) -> None:
        name, _, value = pair.partition("=")
        self.monkeypatch.setenv(name, value)

    def _trueup(self, arguments: list[str], typed: str | None) -> tuple[int, str]:
        out, err = io.StringIO(), io.StringIO()
        keyboard = io.StringIO(typed) if typed is not None else _Keyboard("y\n" * 9)
        with self.monkeypatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "stdin", keyboard)
            patch.setattr("click.termui.hidden_prompt_func", lambda prompt: PASSWORD)
            code = run(arguments)
        return code, out.getvalue() or err.getvalue()


@contextmanager
def stage(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """``empty``: a folder. ``club``: what ``trueup init`` writes, for a simulated door that was synchronised once."""
    monkeypatch.chdir(folder)
    for name in [*os.environ]:
        if name.startswith("TRUEUP_"):
            monkeypatch.delenv(name)
    for name, value in {"NO_COLOR": "1", "COLUMNS": "80", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)
    with ExitStack() as stack:
        made = Stage(folder, monkeypatch, stack)
        if kind == "club":
            _club(made)
        yield made


def _club(made: Stage) -> None:
    write_starter(made.folder)
    (made.folder / "simulators.yaml").write_text(made.here(_SIMULATORS), encoding="utf-8")
    doors = made.folder / "specs" / "doors.yaml"
    text = doors.read_text(encoding="utf-8").replace("http://192.168.1.100", made.here("http://127.0.0.1:18101"))
    doors.write_text(text.replace("pace: 1s ", "pace: 0 "), encoding="utf-8")
    made.start(made.folder / "simulators.yaml")
    for line in (
        "trueup secrets key", f"printf %s {PASSWORD} | trueup secrets set door-password",
        "trueup apply --bootstrap --auto-approve",
    ):  # fmt: skip
        made.run(Command(line, 0, None, "the stage"))


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _jq(arguments: list[str], typed: str | None) -> tuple[int, str]:
    """jq itself where it is installed; elsewhere the names in the filter must be keys of the document's schema."""
    *options, expression, file = arguments if typed is None else [*arguments, ""]
    document = typed if typed is not None else Path(file).read_text(encoding="utf-8")
    if program := shutil.which("jq"):
        done = subprocess.run([program, *options, expression], input=document, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout or done.stderr
    json.loads(document)
    known = set(re.findall(r'"([a-z_]+)":', (ROOT / "schemas" / "plan.json").read_text(encoding="utf-8")))
    strange = set(re.findall(r"\.([a-z_]+)", expression)) - known
    return (1 if strange else 0), ", ".join(sorted(strange))


def _curl(arguments: list[str]) -> str:
    """``curl -s --digest -u NAME:PASSWORD -X METHOD -d BODY URL``, without curl."""
    given: Mapping[str, str] = {word: arguments[at + 1] for at, word in enumerate(arguments[:-1]) if word in ("-u", "-X", "-d")}
    name, _, password = given["-u"].partition(":")
    answer = httpx.request(
        given["-X"], arguments[-1], content=given["-d"], auth=httpx.DigestAuth(name, password), trust_env=False,
        headers={"content-type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    return answer.text
