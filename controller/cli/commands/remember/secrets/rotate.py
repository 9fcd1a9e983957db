"""``trueup secrets rotate``: a new key for everything that is sealed or signed. No device is asked or written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from controller.cli.exits import Exit
from controller.cli.settings import Settings, lease_option, settings_of
from controller.cli.talk import Talk, talk_of

if TYPE_CHECKING:
    from controller.state.upkeep.rotation import Rotated


@click.command("rotate", short_help="Make a new key and seal everything with it.")
@click.option("--keep-old", is_flag=True, help="Leave the old key as key.old: backups from before need it.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@lease_option
@click.pass_context
def rotate(context: click.Context, keep_old: bool, output: str, wait: float) -> Exit:
    """Make a new key and seal all secrets and before-images with it. No device is written, and the next plan is what it was.

    Plans that were saved with the old key are refused from then on, and runs from before cannot be resumed: plan again. Backups
    from before open with the old key only. The key of the fingerprints is kept (sealed anew): without it nothing of ours would be
    recognised until every device had been read and written again.

    Whoever has the old key and an old copy of the state can read the secrets in it. If that may be, change the passwords as well.

    With TRUEUP_KEY the new key is left in the file key.new beside the state, and you are told what to set.

    \b
    Example:
      trueup secrets rotate --keep-old
    """
    from controller.cli.session import run_async

    return run_async(_rotate(settings_of(context), talk_of(context), (keep_old, output), wait))


async def _rotate(settings: Settings, talk: Talk, how: tuple[bool, str], wait: float) -> Exit:
    from controller.cli.show.documents import encoded
    from controller.cli.show.upkeep.documents import RotateDocument
    from controller.runtime.upkeep import open_existing
    from controller.state.keys import VARIABLE
    from controller.state.lease import acquire
    from controller.state.upkeep import rotation

    keep, output = how
    options = settings.options()
    from_environment = VARIABLE in options.environ
    async with open_existing(options) as state, await acquire(state, "apply", doing="secrets rotate", wait=wait):
        done = await rotation.rotate(state, options.state, from_environment=from_environment, keep=keep)
    if output == "json":
        talk.data(encoded(RotateDocument(done)))
    _tell(talk, settings, done, from_environment)
    return Exit.FINE


def _tell(talk: Talk, settings: Settings, done: Rotated, from_environment: bool) -> None:
    from controller.cli.show.layout import View
    from controller.cli.show.words import counted
    from controller.state.keys import VARIABLE

    sealed = f"{counted(done.secrets, 'secret')} and {counted(done.images, 'before-image')}"
    talk.say(f"rotated: {sealed} are sealed with a new key; no device was asked or written")
    if done.damaged:
        talk.say(f"{counted(done.damaged, 'before-image')} opened with no key and stay as they are: they cannot be rolled back to")
    if from_environment:
        talk.say(f"now set {VARIABLE} to the content of {done.key} and delete that file; the old value opens nothing any more")
    else:
        talk.say(f"the new key is {done.key}; keep a copy of it somewhere safe")
    if done.kept:
        talk.say(f"the old key is {done.kept}: keep it with the backups from before, and not here")
    else:
        talk.say("backups from before open with the old key only")
    talk.say(f"plans saved before are refused from now on; make new ones: {View(given=settings.given).command('plan --out FILE')}")
