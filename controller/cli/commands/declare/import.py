"""``trueup import``: adopts what is already there. Writes to the inventory, to specs and records when asked, never to a target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from controller.cli.completing.words import TARGET
from controller.cli.exits import Exit, first
from controller.cli.settings import label_option, lease_option, settings_of
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from controller.cli.settings import Settings
    from controller.cli.show.intake.documents import ImportRow
    from controller.cli.show.layout import View
    from controller.cli.talk import Talk
    from controller.engine.intake.taking import Taking
    from controller.model.outcome import RunResult
    from controller.model.scope import Scope
    from controller.runtime.workspace import Workspace
    from controller.runtime.writing import Draft


@click.command("import", short_help="Adopt what is already there.")
@click.argument("resources", type=TARGET, nargs=-1, metavar="[RESOURCE...]")
@label_option
@click.option(
    "--adopt",
    type=click.Choice(["matching", "all"]),
    default="matching",
    help="matching: what is under our key and agrees in its name [default]. all: whatever it is called.",
)
@click.option(
    "--write-records", metavar="PATH", help="Also write down whom nobody declares: a new FILE.csv, or FOLDER/ for several."
)
@click.option("--with-cards", is_flag=True, help="With --write-records: card numbers too. They open doors; keep the file safe.")
@click.option("--provider", metavar="NAME", help="Declare a device that no spec declares yet; with --name and --url.")
@click.option("--name", metavar="NAME", help="How it is to be called.")
@click.option("--url", metavar="URL", help="Its address.")
@click.option("--username", metavar="NAME", help="Its account.")
@click.option("--password-env", metavar="VARIABLE", help="The environment variable that holds its password.")
@click.option("--dry-run", is_flag=True, help="Only show it.")
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="For people or for programs.")
@lease_option
@click.pass_context
def command(context: click.Context, /, **given: Any) -> Exit:
    """Take over what is there already on RESOURCE (Device/front-door, 'Device/*') or on what has a label. Writes to no target.

    What is declared and there becomes ours as it stands, so that the next plan is empty or shows what really differs. With
    --write-records whoever is there and declared by nobody is written down as well: a file of records, a source that reads it, and
    items in the spec file of the device, in which everything else stays as it is. Administrators at the device are left alone.

    \b
    Examples:
      trueup import Device/front-door
      trueup import --label site=gym --write-records data/ --dry-run
      trueup import --provider hikvision --name door --url http://192.168.1.101
        --username admin --password-env IVMS_PASSWORD --write-records back.csv

    Exit codes: 0 done, 4 partly done, 130 cancelled.
    """
    from controller.cli.session import must_be_able_to_ask, run_async, scope_of
    from controller.model.errors import UsageError

    new = [word for word in ("provider", "name", "url", "username", "password_env") if given[word]]
    if new and (not {"provider", "name", "url"} <= set(new) or given["resources"] or given["labels"]):
        raise UsageError("a new device is imported alone and needs its provider, name and url", hint="--provider --name --url")
    if not (given["resources"] or given["labels"] or new):
        raise UsageError("say what is to be taken over", hint="name a resource (Device/front-door, 'Device/*') or a --label")
    if given["with_cards"] and not given["write_records"]:
        raise UsageError("--with-cards says what --write-records writes", hint="give both, or none")
    if any(":" in text for text in given["resources"]):
        raise UsageError("import takes over whole resources", hint="leave out what follows the colon")
    if not (given["auto_approve"] or given["dry_run"]):
        must_be_able_to_ask()
    if new and (address := _declare(settings_of(context), talk_of(context), given)):
        given["resources"] = (address,)
    elif new:
        return Exit.FINE
    scope = scope_of(given["resources"], (), (), given["labels"])
    return run_async(Importing(settings_of(context), talk_of(context), given, scope).run())


def _declare(settings: Settings, talk: Talk, given: dict[str, Any]) -> str:
    """Write the document of a new device; its address, or nothing when it was only shown."""
    from controller.cli.session import ask
    from controller.runtime.declaring import Newcomer, declared, write

    newcomer = Newcomer(given["provider"], given["name"], given["url"], given["username"] or "", given["password_env"] or "")
    found = declared(settings.options(), newcomer)
    talk.say(f"{found.path}:\n{found.text}")
    if given["dry_run"]:
        talk.say("nothing was written, and nobody was asked who is there")
        return ""
    if not given["auto_approve"]:
        ask(f"Write {found.path}?")
    write(settings.options(), found)
    talk.say(f"wrote {found.path}; should the rest fail, go on with: trueup import {found.address}")
    return found.address


@dataclass
class Importing:
    """One call of the command: first whom nobody declares is written down, if asked, then what is declared is taken over."""

    settings: Settings
    talk: Talk
    given: dict[str, Any]
    scope: Scope

    async def run(self) -> Exit:
        from controller.model.scope import Scope

        written: tuple[ImportRow, ...] = ()
        if self.given["write_records"]:
            draft, written = await self._drafted()
            if self.given["dry_run"]:
                self._document(written, None, done=False)
                return self._exit(written)
            if draft.edits:
                records = sum(records.rows for edit in draft.edits for records in edit.records)
                self._ask(f"Write {records:,} records and {_files(draft)}, and take over who is declared then?")
            written = self._carry_out(draft, written)
        unread = {row.address for row in written if not row.ok}
        if written and len(unread) == len(written):
            self._document(written, None, done=True)
            return self._exit(written)
        excludes = tuple(sorted(unread))
        return await self._take(Scope(self.scope.targets, excludes, (), self.scope.labels), written)

    # -- records -------------------------------------------------------------------------------------------------------------

    async def _drafted(self) -> tuple[Draft, tuple[ImportRow, ...]]:
        """What would be written down, composed and shown."""
        from controller.cli.session import opened
        from controller.cli.show.intake.taking_text import draft_rows, draft_text
        from controller.cli.show.progress import progress
        from controller.engine.intake.transcribing import Transcripts
        from controller.runtime.intake import chosen, write_down
        from controller.runtime.writing import compose, records_paths

        place = self.given["write_records"]
        async with opened(self.settings, write=False) as workspace:
            resources = await chosen(workspace, self.scope)
            records_paths(resources, place)  # before any device is asked
            with progress(self.talk) as report:
                found = await write_down(workspace, resources, with_cards=self.given["with_cards"], report=report)
            rows = [(r, one) for r, one in zip(resources, found, strict=True) if isinstance(one, Transcripts) and one.rows]
            draft = compose(workspace.options, workspace.specs, rows, place)
            view = self._view(workspace)
        shown = draft_rows(draft, found)
        self._tell("\n".join([*(edit.diff() for edit in draft.edits), draft_text(shown, view)]))
        return draft, shown

    def _carry_out(self, draft: Draft, shown: tuple[ImportRow, ...]) -> tuple[ImportRow, ...]:
        from msgspec.structs import replace as with_

        from controller.runtime.writing import carry_out

        failed = carry_out(draft)
        for address, error in failed.items():
            self.talk.complain(f"{address}: {error.message}", error.hint)

        def told(row: ImportRow) -> ImportRow:
            error = failed.get(row.address)
            return with_(row, ok=False, message=error.message, hint=error.hint, records=None) if error else row

        return tuple(map(told, shown))

    # -- the inventory -------------------------------------------------------------------------------------------------------

    async def _take(self, scope: Scope, written: tuple[ImportRow, ...]) -> Exit:
        from controller.cli.session import opened
        from controller.cli.show.intake.taking_text import import_text, joined, rows_of
        from controller.cli.show.progress import progress
        from controller.runtime.intake import prepare_taking

        async with opened(self.settings, write=not self.given["dry_run"]) as workspace:
            with progress(self.talk) as report:
                taking = await prepare_taking(workspace, scope, self.given["adopt"], report)
            rows, view, result = rows_of(taking), self._view(workspace), None
            if changes := len(taking.planned.plan.changes) if not self.given["dry_run"] else 0:
                if not (written or self.given["auto_approve"]):
                    self._tell(import_text(rows, view))
                    self._ask(f"Take {'this' if changes == 1 else f'these {changes:,}'} into the inventory?")
                result = await self._carried(workspace, taking)
        self._tell(import_text(rows, view, done=result is not None, offer=not written))
        if result is not None:
            self._ended(result, view)
        self._document(joined(written, rows), result, done=not self.given["dry_run"])
        return self._exit((*written, *rows), result)

    async def _carried(self, workspace: Workspace, taking: Taking) -> RunResult:
        from controller.cli.session import stopping
        from controller.cli.show.progress import progress
        from controller.runtime.intake import take

        async with stopping(self.talk) as stop:
            with progress(self.talk) as report:
                return await take(
                    workspace, taking, self.given["adopt"], report=report, stop=stop, wait=self.given["wait"], tell=self.talk.say
                )

    # -- telling -------------------------------------------------------------------------------------------------------------

    def _ended(self, result: RunResult, view: View) -> None:
        from controller.cli.show.outcome_text import outcome_text
        from controller.model.outcome import Rollup

        if result.rollup is Rollup.SUCCESS:
            self._tell(f"Done in run {result.run}; nothing was written to a target. What differs now: {view.command('plan')}")
        else:
            self._tell(outcome_text(result, view))

    def _tell(self, text: str) -> None:
        """A result for people; talk when stdout is for a program."""
        if self.given["output"] == "json":
            self.talk.say(text)
        else:
            self.talk.data(text)

    def _document(self, rows: tuple[ImportRow, ...], result: RunResult | None, *, done: bool) -> None:
        from controller.cli.show.documents import encoded
        from controller.cli.show.intake.documents import ImportDocument

        if self.given["output"] == "json":
            self.talk.data(encoded(ImportDocument(rows, done, result)))

    def _ask(self, question: str) -> None:
        from controller.cli.session import ask

        if not self.given["auto_approve"]:
            ask(question)

    def _view(self, workspace: Workspace) -> View:
        from controller.cli.session import view_of

        return view_of(self.settings, workspace.specs.controller.timezone)

    def _exit(self, rows: tuple[ImportRow, ...], result: RunResult | None = None) -> Exit:
        from controller.cli.commands.change.apply import exit_of_run

        run = exit_of_run(result) if result is not None else Exit.FINE
        return first(run, Exit.FINE if all(row.ok for row in rows) else Exit.PARTLY)


def _files(draft: Draft) -> str:
    from controller.cli.show.words import counted

    return counted(len(draft.edits), "spec file")
