"""What is no field of a spec and yet asked for: exit codes, conditions, templates, references. Fixed texts, at most 80 columns."""

from __future__ import annotations

from collections.abc import Mapping

from controller.cli.exits import MEANINGS
from controller.cli.show.layout import table
from controller.registry import Registry
from controller.spec.envelope import CONTROLLER, KINDS
from controller.spec.explaining.topics import PAGE, Answer, Topic

_WHERE = """\
Conditions choose records (`where`). All that are written must hold.

  where: {active: true}                    equal, strictly by type
  where: {roles: {in: ["10", "12"]}}       one of several; of a list, any item
  where: {email: {exists: true}}           there and not empty
  where: {age: {gte: 18}}                  lt, lte, gt, gte
  where: {not: {tags: {in: [banned]}}}     the opposite
  where: {any: [{active: true}, {vip: true}]}   one of them is enough

A condition on a field that is missing or of another type is unknown, under
`not` too: the record is neither granted nor revoked, and the plan says so.
Try one on real records: trueup try --help
"""
_TEMPLATES = """\
Templates fill texts from a record's fields: "{first_name} {last_name}".

  key: "{employee_no}"                              one field
  name: ["{first_name} {last_name}", "{full_name}"]  the first that is complete
  name: "{{x}}"                                     {{ and }} are single braces

Put them in quotes: YAML takes a bare { for the beginning of keys and values.
A template with a missing field is not complete; there are no expressions.
Try one on real records: trueup try --help
"""
_SECRETS = """\
A secret never stands in a spec; a reference says where it is to be found.

  password: {env: IVMS_PASSWORD}       an environment variable
  password: {file: /run/secrets/door}  a file; a trailing newline is dropped
  password: {secret: door-password}    the sealed store: trueup secrets set NAME
  password: {plain: x}                 the value itself, for everybody to read

With forEach, {each: FIELD} takes a whole value from the record. A trust file
(--trust) says which secret may be sent to which host.
"""


def _exit_codes() -> str:
    rows = [(str(int(code)), words) for code, words in sorted(MEANINGS.items())]
    first = ", ".join(str(int(code)) for code in MEANINGS)
    return "\n".join(
        ["Exit codes never change their meaning.", "", *table(rows, 2), "", f"When several apply, the first of: {first}"]
    )


PAGES: Mapping[str, str] = {"exit-codes": _exit_codes(), "where": _WHERE, "templates": _TEMPLATES, "secrets": _SECRETS}


def page(word: str, registry: Registry) -> Answer | None:
    """What is asked by a word instead of a path, by no word the kinds there are; None for anything else."""
    text = PAGES.get(word.lower()) if word else _overview(registry)
    return None if text is None else Answer(Topic(word, PAGE, text.rstrip("\n")))


def _overview(registry: Registry) -> str:
    """The kinds there are with their providers, and how to go on."""
    served: dict[str, list[str]] = {}
    for entry in registry.entries():
        served.setdefault(entry.kind, []).append(entry.name)
    lines = ["Kinds of documents, and the providers that serve them:", ""]
    for kind, words in KINDS.items():
        if kind in served or kind == CONTROLLER:
            lines += [f"  {kind}: {words}", *([f"      {', '.join(served[kind])}"] if kind in served else [])]
    if "" in served:
        lines += ["  from other packages, `trueup providers describe NAME` tells the kind:", f"      {', '.join(served[''])}"]
    return "\n".join([*lines, "", "Go on: trueup explain Device.spec", f"Also: {', '.join(PAGES)}"])
