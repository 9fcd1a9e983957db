"""What to type next, by the code of what went wrong. The message has said what happened and its hint what may be behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controller.cli.show.layout import View

# At two in the morning; {test} and {plan} are commands.
_STEPS: Mapping[str, str] = {
    "unreachable": "open its address in a browser on this machine, then: {test}",
    "timed-out": "wait a minute, restart the device if it stays so, then: {test}",
    "connection-lost": "compare http and https in the url, restart the device if it stays so, then: {test}",
    "credentials-refused": "with the right one: {test}",
    "unreadable-answer": "something else may answer there: open it in a browser, then: {test}",
    "source-unread": "to see how the sources are: {sources}",
    "one-device": "when the specs are right: {plan}",
    "waits": "when that is put right: {plan}",
}


def next_step(code: str, address: str, view: View) -> Iterator[str]:
    """One line, or none where there is no code: then nothing is known to be wrong."""
    if code:
        yield _STEPS.get(code, "then: {test}").format(
            test=view.command(f"test {address}"), plan=view.command("plan"), sources=view.command("test 'Source/*'")
        )
