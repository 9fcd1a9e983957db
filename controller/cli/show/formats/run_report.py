"""What apply says to programs and files: lines while it works, a document or a test report when it has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TextIO

import msgspec

from controller.cli.show.documents import RunDocument, encoded
from controller.cli.show.formats.writing import Wanted, write_file
from controller.cli.show.layout import View
from controller.cli.talk import Talk
from controller.engine.review.meaning import digest_of
from controller.engine.telling import Listener, run_ended, unheard
from controller.model.change import Condition, Plan
from controller.model.errors import TrueupError
from controller.model.happening import Happening, PlanMade
from controller.model.outcome import RunResult

FORMATS = ("text", "json", "json-lines", "junit")


class RunReport:
    """``output`` is the format on stdout; ``streams`` are open files for lines, ``files`` are written at the end."""

    def __init__(self, talk: Talk, output: str, files: Sequence[Wanted], streams: Sequence[TextIO] = ()) -> None:
        self._talk, self._output, self._files, self._streams = talk, output, files, streams

    @property
    def listener(self) -> Listener:
        return self._hear if self._streams or self._output == "json-lines" else unheard

    def _hear(self, happening: Happening) -> None:
        line = msgspec.json.encode(happening).decode()
        if self._output == "json-lines":
            self._talk.data(line)
        for stream in self._streams:
            stream.write(line + "\n")
            stream.flush()

    def planned(self, plan: Plan) -> None:
        """The first line: what is about to be done."""
        refused = tuple(sorted({limit.resource for limit in plan.limits}))
        parked = tuple(summary.address for summary in plan.resources if summary.condition is Condition.PARKED)
        self.listener(
            PlanMade(
                time=plan.made, plan=plan.id, digest=digest_of(plan), expires=plan.expires, changes=len(plan.changes),
                resources=len(plan.resources), refused=refused, parked=parked,
            )
        )  # fmt: skip

    def nothing(self, result: RunResult, view: View) -> None:
        """The end of a run that had nothing to do: the plan as text said so already."""
        self.listener(run_ended(result, result.ended))
        self._done(result, view, also_text=False)

    def ended(self, result: RunResult, view: View) -> None:
        self._done(result, view, also_text=True)

    def _done(self, result: RunResult, view: View, *, also_text: bool) -> None:
        if self._output != "json-lines" and (also_text or self._output != "text"):
            self._talk.data(("\n" if self._output == "text" else "") + rendered(self._output, result, view))
        for file in self._files:
            if file.format != "json-lines":
                write_file(file.path, rendered(file.format, result, view) + "\n")


def rendered(format_: str, result: RunResult, view: View) -> str:
    match format_:
        case "json":
            return encoded(RunDocument(result))
        case "junit":
            from controller.cli.show.formats.junit import run_junit

            return run_junit(result).removesuffix("\n")
    from controller.cli.show.outcome_text import outcome_text

    return outcome_text(result, view)


@contextmanager
def reporting(talk: Talk, output: str, files: Sequence[Wanted]) -> Iterator[RunReport]:
    """The report of one call of apply; files for lines are open as long as it lasts. Raises TrueupError for one that cannot be."""
    with ExitStack() as opened:
        streams = []
        for file in files:
            if file.format == "json-lines":
                try:
                    streams.append(opened.enter_context(file.path.open("w", encoding="utf-8", newline="\n")))
                except OSError as error:
                    hint = "nothing was done; free some space or choose another place"
                    raise TrueupError(f"{file.path} could not be written: {error.strerror}", hint=hint) from error
        yield RunReport(talk, output, files, streams)
