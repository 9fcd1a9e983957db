"""``make demo``: a register and three doors on this machine, and trueup making them agree, command by command.

Shows the real commands and their real output; only the people at the doors are played here. Works in a folder of its own
(build/demo), so that no state of yours is touched. KEEP=1 leaves everything running, PORT=19000 takes other ports, MEMBERS=100
makes a smaller club.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TextIO

from controller.sdk.loopback import AsgiApp, serve_in_thread
from examples.club import DOOR_PASSWORD, REGISTER_PASSWORD, Member, front_door, gym, members, register, sauna
from providers.cardskipper.simulator import Register
from providers.hikvision.simulator import Terminal

HERE = Path(__file__).resolve().parent.parent
PORTS = (18480, 18481, 18482, 18483)  # as in specs/: the register and the three doors


class DemoStopped(Exception):
    """The demo cannot go on; the message says why and what to do."""


@dataclass
class Club:
    """What is simulated."""

    everybody: list[Member]
    register: Register
    front: Terminal
    gym: Terminal
    sauna: Terminal

    @classmethod
    def of(cls, count: int) -> Club:
        everybody = members(count)
        return cls(everybody, register(everybody), front_door(everybody), gym(everybody), sauna(everybody))

    @property
    def apps(self) -> list[AsgiApp]:
        return [self.register.app, self.front.app, self.gym.app, self.sauna.app]


@dataclass
class Shell:
    """Runs commands as a reader would type them, each shown behind a prompt. ``out`` None: straight to the terminal."""

    environ: dict[str, str]
    folder: Path = HERE
    out: TextIO | None = None

    def say(self, text: str = "") -> None:
        print(text, file=self.out, flush=True)

    def heading(self, text: str) -> None:
        self.say(f"\n{self._styled('1', f'# {text}')}")

    def run(self, command: str, *, expect: int = 0, typed_in: str | None = None) -> None:
        """Run a ``trueup`` command, ``typed_in`` given to its stdin. Raises DemoStopped when it ends otherwise than expected."""
        self.say(f"\n{self._styled('1;32', '$')} {command}")
        words = shlex.split(command.rpartition("| ")[2])
        done = subprocess.run(
            words, cwd=self.folder, env=self.environ, input=typed_in, text=True, check=False, stdout=self.out, stderr=self.out
        )
        if done.returncode != expect:
            raise DemoStopped(f"`{command}` ended with exit code {done.returncode}, and {expect} was expected here")

    def _styled(self, code: str, text: str) -> str:
        plain = self.out is not None or not sys.stdout.isatty() or "NO_COLOR" in self.environ
        return text if plain else f"\x1b[{code}m{text}\x1b[0m"


# -- the stage ---------------------------------------------------------------------------------------------------------------


def variables(folder: Path, specs: Path) -> dict[str, str]:
    """What the commands need from their environment; the door's password is not here but in the sealed store."""
    given = {
        "TRUEUP_STATE": str(folder / ".trueup"),
        "CARDSKIPPER_USERNAME": "club",
        "CARDSKIPPER_PASSWORD": REGISTER_PASSWORD,
    }
    return given if specs == HERE / "specs" else {**given, "TRUEUP_SPECS": str(specs)}


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the commands: this one, without settings of trueup that are meant for other work."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRUEUP_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, **given, "PATH": path}


def must_be_free(ports: Sequence[int]) -> None:
    """Raises DemoStopped naming the ports that something else listens on."""
    taken = []
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                taken.append(str(port))
    if taken:
        raise DemoStopped(
            f"something listens on 127.0.0.1, port {', '.join(taken)} already, perhaps another demo; stop it, "
            "or say where four free ports begin: make demo PORT=19000"
        )


def specs_for(ports: Sequence[int], folder: Path) -> Path:
    """The specs of this repository, or a copy below ``folder`` where they name other ports."""
    if tuple(ports) == PORTS:
        return HERE / "specs"
    copy = folder / "specs"
    shutil.copytree(HERE / "specs", copy)
    moved = {str(old): str(new) for old, new in zip(PORTS, ports, strict=True)}
    schemas = os.path.relpath(HERE / "schemas", copy)
    for file in copy.glob("*.yaml"):
        text = re.sub(r"(?<=127\.0\.0\.1:)\d+", lambda port: moved[port[0]], file.read_text(encoding="utf-8"))
        file.write_text(text.replace("$schema=../schemas", f"$schema={schemas}"), encoding="utf-8")
    return copy


@contextmanager
def stage(club: Club, ports: Sequence[int], folder: Path) -> Iterator[dict[str, str]]:
    """The simulators at work and a fresh folder; yields the variables that commands need."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with serve_in_thread(list(zip(club.apps, ports, strict=True))) as served:
        yield variables(folder, specs_for([one.port for one in served], folder))


# -- the play ----------------------------------------------------------------------------------------------------------------


def play(shell: Shell, club: Club) -> None:
    """First sync, proof, hands at the doors, drift, correction."""
    first_sync(shell)
    somebody_meddles(shell, club)
    put_right(shell)


def first_sync(shell: Shell) -> None:
    shell.heading("The doors' password goes into the sealed store; the register's comes from the environment.")
    shell.run('printf %s "$DOOR_PASSWORD" | trueup secrets set door-password', typed_in=DOOR_PASSWORD)
    shell.heading("Are the specs right? Connects nowhere.")
    shell.run("trueup validate")
    shell.heading("What differs? Nothing is changed. Doors that trueup has never met need a word of consent: exit code 5.")
    shell.run("trueup plan", expect=5)
    shell.heading("That is right, so: do it.")
    shell.run("trueup apply --auto-approve --bootstrap")
    shell.heading("And now? A second plan is empty.")
    shell.run("trueup plan --detailed-exitcode")


def somebody_meddles(shell: Shell, club: Club) -> None:
    expired, deleted, longer = whom_to_touch(club)
    shell.heading("Meanwhile, at the doors:")
    shell.say(f"  front-door: {expired.name} ({expired.employee_no}), whose time is over, is let in until the end of 2037;")
    shell.say(f"              {deleted.name} ({deleted.employee_no}) is deleted.")
    shell.say(f"  sauna:      {longer.name} ({longer.employee_no}) gets some more years.")
    club.front.edit_at_the_door(expired.employee_no, Valid={"endTime": "2037-12-31T23:59:59"})
    club.front.remove_at_the_door(deleted.employee_no)
    club.sauna.edit_at_the_door(longer.employee_no, Valid={"endTime": "2030-12-31T23:59:59"})


def whom_to_touch(club: Club) -> tuple[Member, Member, Member]:
    """Somebody expired and somebody with a card at the front door, somebody entitled at the sauna; three different persons."""
    today = str(date.today())
    there = [member for member in club.everybody if member.employee_no in club.front.persons]
    running = [member for member in there if str(member.valid["endTime"]) > today]
    expired = (member for member in there if member not in running)
    deleted = (member for member in running if member.card_no)
    longer = (m for m in running if not m.card_no and m.employee_no in club.sauna.persons and m.person.email)
    try:
        return next(expired), next(deleted), next(longer)
    except StopIteration:
        raise DemoStopped("so small a club has nobody to play with; take at least MEMBERS=60") from None


def put_right(shell: Shell) -> None:
    shell.heading("Who changed what behind trueup's back? Exit code 2 says that there is something.")
    shell.run("trueup drift", expect=2)
    shell.heading("Make the doors true again.")
    shell.run("trueup apply --auto-approve")
    shell.run("trueup drift")


# -- afterwards --------------------------------------------------------------------------------------------------------------


def what_next(shell: Shell, seconds: float) -> None:
    shell.heading(f"That was trueup, in {seconds:.0f} seconds. What to try next:")
    shell.say("""
  less specs/doors.yaml                     what was declared
  make demo KEEP=1                          the same, and the doors stay for your own commands
  less examples/membership/README.md        a small club, command by command
  mkdir club && cd club && ../.venv/bin/trueup init
                                            a commented start of your own""")


def invitation(given: Mapping[str, str], ports: Sequence[int], club: Club) -> str:
    """What to copy into another terminal, and what to try there."""
    exports = "\n".join(f"  export {name}={shlex.quote(value)}" for name, value in given.items())
    doors = Path(given.get("TRUEUP_SPECS", "specs")) / "doors.yaml"
    return INVITATION.format(
        folder=shlex.quote(str(HERE)),
        bin=shlex.quote(str(Path(sys.executable).parent)),
        exports=exports,
        doors=shlex.quote(str(doors)),
        somebody=list(club.front.persons)[4],
        door=f"http://127.0.0.1:{ports[1]}",
        password=DOOR_PASSWORD,
    )


INVITATION = """
# The register and the doors stay until you press Ctrl-C here. In another terminal:

  cd {folder}
  export PATH={bin}:$PATH
{exports}

# How does everything stand, and who answers?

  trueup status
  trueup test

# Delete somebody at the front door, as its own screen would, and let trueup find it:

  curl --digest -u admin:{password} -X PUT -H 'Content-Type: application/json' \\
    -d '{{"UserInfoDelCond": {{"EmployeeNoList": [{{"employeeNo": "{somebody}"}}]}}}}' \\
    '{door}/ISAPI/AccessControl/UserInfo/Delete?format=json'
  trueup drift
  trueup apply

# Close the gym to honorary members, look at what that means, and do exactly that. (Take "12" out as well, and a rule objects:
# too many would lose access in one run. The plan names the flag that allows it.)

  sed -i.before 's/"10", "12", "16"/"10", "12"/' {doors}
  trueup plan --target Device/gym --out build/gym.plan.json
  trueup apply build/gym.plan.json

# Put it back:

  mv {doors}.before {doors}
  trueup apply"""


def main(environ: Mapping[str, str]) -> int:
    began = time.monotonic()
    try:
        first = _number(environ, "PORT", PORTS[0])
        ports = range(first, first + len(PORTS))
        must_be_free(ports)
        club = Club.of(_number(environ, "MEMBERS", 1000))
        with stage(club, ports, HERE / "build" / ("demo" if first == PORTS[0] else f"demo-{first}")) as given:
            shell = Shell(environment(given))
            shell.say(f"A register of {len(club.everybody):,} members and three doors listen on 127.0.0.1:{first} to {ports[-1]}.")
            play(shell, club)
            what_next(shell, time.monotonic() - began)
            if environ.get("KEEP", "") not in ("", "0", "no"):
                shell.say(invitation(given, ports, club))
                threading.Event().wait()
    except DemoStopped as stopped:
        print(f"\ndemo: {stopped}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe register and the doors are stopped.", file=sys.stderr)
    return 0


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65_500:
        raise DemoStopped(f"{name}={text} is no number that can be used; write for example {name}={default}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(os.environ))
