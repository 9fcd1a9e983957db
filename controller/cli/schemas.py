"""Every generated schema: for ``trueup schema``, and for this repository, where ``python -m controller.cli.schemas`` writes them
into a folder or checks what stands there.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from controller.cli.meanings import with_meanings
from controller.cli.show.catalogue.documents import DOCUMENTS as CATALOGUE_DOCUMENTS
from controller.cli.show.declare.documents import DOCUMENTS as DECLARE_DOCUMENTS
from controller.cli.show.documents import DOCUMENTS
from controller.cli.show.intake.documents import INTAKE_DOCUMENTS
from controller.cli.show.past.documents import DOCUMENTS as PAST_DOCUMENTS
from controller.cli.show.plain.documents import DOCUMENTS as PLAIN_DOCUMENTS
from controller.cli.show.upkeep.documents import DOCUMENTS as UPKEEP_DOCUMENTS
from controller.cli.show.why_documents import DOCUMENTS as WHY_DOCUMENTS
from controller.registry import REGISTRY, Registry
from controller.spec.schemas import DIALECT, encode
from controller.spec.schemas import schemas as spec_schemas

_COMMANDS = {
    "run": "apply -o json",
    "events-line": "events -o json-lines: one line of it",
    "run-event": "apply -o json-lines: one line of it",
    "policy-list": "policy list -o json",
    "policy-test": "policy test -o json",
    "secrets-rotate": "secrets rotate -o json",
    "secrets-list": "secrets list -o json",
    "protections-list": "protections list -o json",
    **{f"state-{verb}": f"state {verb} -o json" for verb in ("backup", "restore", "check", "list", "forget", "unlock")},
    "providers-list": "providers list -o json",
    "providers-describe": "providers describe -o json",
    "providers-new": "providers new -o json",
    "schema-list": "schema --list -o json",
}
_OUTPUTS: dict[str, Any] = {
    **DOCUMENTS,
    **WHY_DOCUMENTS,
    **PAST_DOCUMENTS,
    **UPKEEP_DOCUMENTS,
    **CATALOGUE_DOCUMENTS,
    **DECLARE_DOCUMENTS,
    **INTAKE_DOCUMENTS,
    **PLAIN_DOCUMENTS,
}


def output_schemas() -> dict[str, dict[str, Any]]:
    """The schemas of the JSON outputs by file name, from the structs that are encoded."""
    found = {}
    for name, document in _OUTPUTS.items():
        schema = with_meanings(msgspec.json.schema(document))
        head = {
            "$schema": DIALECT,
            "$id": f"urn:trueup:v1:output:{name}",
            "title": f"Output of trueup {_COMMANDS.get(name, f'{name} -o json')}",
        }
        found[f"{name}.json"] = {**head, **schema}
    return found


def every_schema() -> dict[str, dict[str, Any]]:
    """File name to schema: specs of every installed provider that can be loaded, and outputs."""
    return {**spec_schemas(REGISTRY.loadable()), **output_schemas()}


def all_schemas() -> dict[str, str]:
    """File name to content: specs of the providers in this repository, and outputs."""
    return {
        name: encode(schema) for name, schema in {**spec_schemas(Registry(discover=lambda group: ())), **output_schemas()}.items()
    }


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    folder = Path(next((a for a in arguments if not a.startswith("--")), "schemas"))
    wanted = all_schemas()
    if check:
        return _complain(outdated(folder, wanted))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in wanted.items():
        (folder / name).write_text(content, encoding="utf-8")
    for name in _left_over(folder, wanted):
        (folder / name).unlink()
    return 0


def outdated(folder: Path, wanted: dict[str, str]) -> list[str]:
    """The files that differ, are missing, or are there although nothing makes them."""
    differing = [name for name, content in wanted.items() if not _holds(folder / name, content)]
    return differing + _left_over(folder, wanted)


def _holds(path: Path, content: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == content


def _left_over(folder: Path, wanted: dict[str, str]) -> list[str]:
    return sorted(path.name for path in folder.glob("*.json") if path.name not in wanted)


def _complain(names: list[str]) -> int:
    if names:
        print(f"out of date: {', '.join(names)}\nrun: make schemas", file=sys.stderr)
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
