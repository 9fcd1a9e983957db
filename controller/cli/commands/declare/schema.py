"""``trueup schema``: the JSON Schemas of specs and of JSON outputs, those of installed providers included. Reads no spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from controller.cli.exits import Exit
from controller.cli.talk import talk_of

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command("schema", short_help="Print JSON Schemas, for editors and programs.")
@click.argument("name", default="")
@click.option("--list", "listing", is_flag=True, help="Names and titles of all there are.")
@click.option("--out", metavar="DIR", help="Write all of them into DIR, for editors.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Form of --list.")
@click.pass_context
def command(context: click.Context, name: str, listing: bool, out: str | None, output: str) -> Exit:
    """Print the JSON Schema of NAME: a KIND with its provider, an output, or (default) the one for all specs.

    \b
    Examples:
      trueup schema                    every kind of spec in one schema
      trueup schema Device.hikvision
      trueup schema plan               what `trueup plan -o json` prints
      trueup schema --list
      trueup schema --out schemas      then, first in a spec:
          # yaml-language-server: $schema=../schemas/trueup.json
    """
    from controller.cli.schemas import every_schema
    from controller.spec.schemas import encode

    talk, schemas = talk_of(context), every_schema()
    if listing:
        talk.data(_listed(schemas, output))
    elif out is not None:
        _write(schemas, out)
        talk.say(f"wrote {len(schemas)} schemas into {out}; first in a spec: # yaml-language-server: $schema={out}/trueup.json")
    else:
        talk.data(encode(schemas[_meant(name, schemas)]))
    return Exit.FINE


def _listed(schemas: Mapping[str, Any], output: str) -> str:
    from controller.cli.show.catalogue.documents import SchemaRow, SchemasDocument
    from controller.cli.show.documents import encoded
    from controller.cli.show.layout import table

    rows = tuple(SchemaRow(file.removesuffix(".json"), schema["title"]) for file, schema in sorted(schemas.items()))
    return encoded(SchemasDocument(rows)) if output == "json" else "\n".join(table([(row.name, row.title) for row in rows]))


def _meant(name: str, schemas: Mapping[str, Any]) -> str:
    """The file of this name; a kind stands for its only provider, a provider for its kind. Raises UsageError with a proposal."""
    from difflib import get_close_matches

    from controller.model.errors import UsageError

    known = {file.removesuffix(".json").lower(): file for file in schemas}
    word = (name or "trueup").removesuffix(".json").lower()
    if word in known:
        return known[word]
    of_kind = [file for file in schemas if word in file.lower().removesuffix(".json").split(".")]
    if len(of_kind) == 1:
        return of_kind[0]
    words = {**{file.partition(".")[0].lower(): file.partition(".")[0] for file in schemas}, **known}
    close = [words[found].removesuffix(".json") for found in get_close_matches(word, words, n=1)]
    some = ", ".join(file.removesuffix(".json") for file in of_kind)
    if some:
        raise UsageError(f"{name} has a schema for each provider", hint=f"name one: {some}")
    meant = f" Did you mean {close[0]}?" if close else ""
    raise UsageError(f"there is no schema {name!r}.{meant}", hint="`trueup schema --list` names all of them")


def _write(schemas: Mapping[str, Any], out: str) -> None:
    from pathlib import Path

    from controller.spec.schemas import encode

    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    for file, schema in schemas.items():
        (folder / file).write_text(encode(schema), encoding="utf-8")
