"""What providers offer, from what `trueup providers describe` says: which there are of a kind, what they need, yield or keep."""

from __future__ import annotations

from controller.cli.docs.tables import markdown
from controller.registry import Registry, kind_of
from controller.spec.explaining.provider_facts import FieldRow, KindRow, describe

_MARKS = {
    "sensitive": "masked in every output",
    "identity": "must agree before `adopt: matching` takes it over",
    "immutable": "a change means delete and create",
    "write-only": "cannot be read back; compared by fingerprint",
}


def providers_part(registry: Registry, kind: str) -> str:
    """A row for each provider of a kind, with its page."""
    found = [registry.load(name) for name in registry.names(kind)]
    rows = [(f"[`{one.name}`](../providers/{one.name}.md)", one.title) for one in found if kind_of(one) == kind]
    return markdown(["provider", "what it is"], rows)


def needs_part(registry: Registry, name: str) -> str:
    """What a provider says that it needs."""
    return "\n".join(f"* {need}" for need in registry.load(name).needs)


def keeps_part(registry: Registry, name: str) -> str:
    """The fields of a source's records, or the kinds of entity of a target in the order in which they are written."""
    facts = describe(name, registry)
    if facts.kind == "Source":
        [kind] = facts.keeps
        rows = [(f"`{field.name}`", field.type, _worth(field)) for field in kind.fields]
        return f"Record type: `{kind.name}`.\n\n" + markdown(["field", "type", "worth knowing"], rows)
    kept = [(f"`{kind.name}`", f"`{field.name}`", field.type, _worth(field)) for kind in facts.keeps for field in kind.fields]
    return "\n\n".join((markdown(["kind", "field", "type", "worth knowing"], kept), *map(_about, facts.keeps)))


def _worth(field: FieldRow) -> str:
    return ", ".join(_MARKS.get(mark, mark) for mark in field.marks)


def _about(kind: KindRow) -> str:
    order = f"is written after {', '.join(kind.after)}" if kind.after else "is written first"
    return "; ".join((f"`{kind.name}` {order}", *kind.marks)) + "."
