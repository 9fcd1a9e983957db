"""``trueup state unlock``: who works with this state, and taking it away from one who is gone, or by force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controller.cli.exits import Exit
from controller.cli.settings import Settings, settings_of
from controller.cli.talk import Talk, talk_of

if TYPE_CHECKING:
    from controller.cli.show.upkeep.documents import LeaseDocument
    from controller.sdk.context import Clock
    from controller.state.lease import Holder


@click.command("unlock", short_help="Who works with the state; free it from who is gone.")
@click.option("--show", is_flag=True, help="Only say who it is.")
@click.option("--force", is_flag=True, help="Take it from a process that lives, or that cannot be seen from here.")
@click.option("--auto-approve", is_flag=True, help="With --force: do not ask.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@click.pass_context
def unlock(context: click.Context, show: bool, force: bool, auto_approve: bool, output: str) -> Exit:
    """Say who holds the lease on the state, what it does, since when and until when, and free it when its holder is gone.

    A holder that still lives keeps it, unless --force takes it away: it then stops before its next send, and what it was in the
    middle of is looked up by the next run. Leases whose holder is gone free themselves; nobody has to run this.

    \b
    Example:
      trueup state unlock --show

    Exit codes: 0 free or freed, 5 somebody holds it and --force was not given (with --show: 0).
    """
    from controller.cli.session import run_async

    return run_async(_unlock(settings_of(context), talk_of(context), (show, force, auto_approve), output))


async def _unlock(settings: Settings, talk: Talk, how: tuple[bool, bool, bool], output: str) -> Exit:
    from controller.cli.show.documents import encoded
    from controller.runtime.upkeep import open_existing, open_to_look
    from controller.state.lease import holder_of, take_away

    show, force, approved = how
    options = settings.options()
    async with (open_to_look if show else open_existing)(options) as state:
        holder = await holder_of(state, "apply")
        found = _document(holder, options.clock)
        said = _said(holder, found)
        if holder is not None and holder.holder and not show:
            _may_take(found, said, force=force, approved=approved, talk=talk)
            found = _freed(found, await take_away(state, "apply", holder))
            said += "\nFreed." if found.freed else "\nIt has ended meanwhile, or somebody else has it now; nothing was taken away."
            said += "\nThe next apply looks up what was left in the middle." if found.freed else ""
    talk.data(encoded(found) if output == "json" else said)
    return Exit.FINE


def _may_take(found: LeaseDocument, said: str, *, force: bool, approved: bool, talk: Talk) -> None:
    """Raises RuleRefused for a living holder without --force; asks before it is taken by force."""
    from controller.cli.session import ask, must_be_able_to_ask
    from controller.model.errors import RuleRefused

    if not found.held:
        return
    if not force:
        raise RuleRefused(f"{said} It was left alone.", hint="wait until it is done, end that process, or be sure and say --force")
    talk.say(f"{said}\nIf it is at work, it stops before its next send, a second or so from now; the call in flight still ends.")
    if not approved:
        must_be_able_to_ask()
        ask("Take the state away from it?")


def _document(holder: Holder | None, clock: Clock) -> LeaseDocument:
    from datetime import UTC, datetime

    from controller.cli.show.upkeep.documents import LeaseDocument
    from controller.state.rows import stamp

    if holder is None or not holder.holder:
        return LeaseDocument(held=False, fencing=holder.fencing if holder else 0)
    return LeaseDocument(
        held=not holder.is_gone(clock.now().timestamp()),
        fencing=holder.fencing,
        host=holder.host,
        pid=holder.pid,
        user=holder.account,
        doing=holder.doing,
        since=holder.acquired_at,
        until=stamp(datetime.fromtimestamp(holder.expires_at, UTC)),
        alive=holder.alive,
    )


def _freed(found: LeaseDocument, freed: bool) -> LeaseDocument:
    import msgspec

    return msgspec.structs.replace(found, held=found.held and not freed, freed=freed)


def _said(holder: Holder | None, found: LeaseDocument) -> str:
    if holder is None or not holder.holder:
        return "Nobody works with this state."
    from controller.cli.show.words import local_times

    whether = {True: "It lives.", False: "It is gone.", None: "Whether it lives cannot be seen from this machine."}[found.alive]
    held = "is held" if found.held else "was held and not given back"
    return local_times(f"The state {held} by {holder.words} (fencing number {found.fencing}). {whether}", None)
