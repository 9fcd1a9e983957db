"""What providers offer: which there are of a kind, what records a source yields, what a target keeps."""

from __future__ import annotations

from types import GenericAlias
from typing import Any

from controller.cli.docs.tables import markdown
from controller.model.record import RECORD_TYPES
from controller.registry import Registry, kind_of
from controller.sdk.provider import Provider, SourceProvider, TargetProvider

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "date": "date",
    "datetime": "date and time",
    "strings": "list of texts",
    "str": "text",
    "Period": "begin and end, local time",
}


def providers_part(registry: Registry, kind: str) -> str:
    """A row for each provider of a kind, with its page."""
    found = [registry.load(name) for name in registry.names()]
    rows = [(f"[`{one.name}`](../providers/{one.name}.md)", one.title) for one in found if kind_of(one) == kind]
    return markdown(["provider", "what it is"], rows)


def records_part(provider: Provider) -> str:
    """The fields of a source's records. What is declared in its config alone (``map``) cannot be listed here."""
    if not isinstance(provider, SourceProvider):
        raise KeyError(f"{provider.name} yields no records")
    config = provider.config.model_construct(record="person", map={})
    name = provider.record_type(config)
    fields, masked = provider.fields(config), RECORD_TYPES[name].sensitive | provider.sensitive(config)
    rows = [
        (f"`{field}`", _TYPES[kind.value], "masked in every output" if field in masked else "") for field, kind in fields.items()
    ]
    return f"Record type: `{name}`.\n\n" + markdown(["field", "type", ""], rows)


def entities_part(provider: Provider) -> str:
    """The kinds of a target in the order in which they are written, each with its fields."""
    if not isinstance(provider, TargetProvider):
        raise KeyError(f"{provider.name} keeps nothing")
    rows = []
    for kind in provider.kinds:
        for field in kind.fields:
            rows.append((f"`{kind.name}`", f"`{field.name}`", _type(field.type), ", ".join(_traits(field))))
    return "\n\n".join((markdown(["kind", "field", "type", "worth knowing"], rows), *map(_about, provider.kinds)))


def _type(type_: Any) -> str:
    if isinstance(type_, GenericAlias):
        return "pairs of door and time plan" if "int" in str(type_) else "list"
    return _TYPES.get(getattr(type_, "__name__", ""), "value")


def _traits(field: Any) -> list[str]:
    words = {
        "identity": "must agree before `adopt: matching` takes it over",
        "immutable": "a change means delete and create",
        "sensitive": "masked in every output",
        "write_only": "cannot be read back; compared by fingerprint",
    }
    found = [text for name, text in words.items() if getattr(field, name)]
    return found + ([f"not told when it is `{field.usual}`"] if field.usual is not None else [])


def _about(kind: Any) -> str:
    words = [f"`{kind.name}`"]
    words.append(f"is written after {', '.join(kind.after)}" if kind.after else "is written first")
    words.append("and can be barred: it stays without access" if kind.expires else "and cannot be barred: it is deleted instead")
    text = " ".join(words) + "."
    return text + (" Its key is sensitive: outputs show a fingerprint of it." if kind.sensitive_key else "")
