"""JSON Schemas for editors, generated from the models that judge specs: one per kind and provider, and one for all of them.

Kinds and providers are told apart by if/then, because editors complete through it and ignore ``discriminator``. Every schema
stands by itself: nothing has to be fetched.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from controller.model.diagnostic import Diagnostic
from controller.model.units import show_duration
from controller.registry import Registry, kind_of
from controller.sdk.reference import Reference
from controller.spec.envelope import API_VERSION, CONTROLLER, KINDS, Metadata, controller_model, document_model
from controller.spec.sharing.elsewhere import with_elsewhere

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas(registry: Registry) -> dict[str, dict[str, Any]]:
    """Every schema by its file name: ``trueup.json``, ``Device.hikvision.json``, ``Controller.json``, ``validate.json``."""
    models: dict[str, type[BaseModel]] = {CONTROLLER: controller_model()}
    titles = {CONTROLLER: KINDS[CONTROLLER]}
    for name in registry.names():
        provider = registry.load(name)
        models[f"{kind_of(provider)}.{name}"] = document_model(provider)
        titles[f"{kind_of(provider)}.{name}"] = provider.title
    out = {f"{name}.json": _one(name, model, titles[name]) for name, model in sorted(models.items())}
    return {**out, "trueup.json": _all(models), "validate.json": _validate_output()}


def write_schemas(folder: Path, registry: Registry | None = None) -> list[Path]:
    """Write the schemas of this repository's own providers, or of all that ``registry`` has; the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas(registry or Registry(discover=lambda group: ())).items():
        path = folder / name
        path.write_text(encode(schema), encoding="utf-8")
        written.append(path)
    return written


def encode(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _head(name: str, title: str) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"urn:trueup:{API_VERSION.rpartition('/')[2]}:{name}", "title": title}


def plain_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a document without what is only for editors: values from elsewhere, and where it stands."""
    finished: dict[str, Any] = _finished(model.model_json_schema(by_alias=True, mode="validation", schema_generator=_Generator))
    return finished


def _one(name: str, model: type[BaseModel], title: str) -> dict[str, Any]:
    return {**with_elsewhere(plain_schema(model)), **_head(name, title)}


def _all(models: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    judged: list[type[BaseModel]] = [*models.values(), Metadata]
    wanted: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in judged]
    places, shared = models_json_schema(wanted, by_alias=True, schema_generator=_Generator)
    references = {name: places[model, "validation"] for name, model in models.items()}
    providers: dict[str, list[str]] = {}
    for name in references:
        kind, _, provider = name.partition(".")
        providers.setdefault(kind, []).extend([provider] if provider else [])
    return {
        **_head("trueup", "A trueup spec"),
        "description": "One document: what kind of thing is declared, what it is called, and how it must be.",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {
            "apiVersion": {"const": API_VERSION, "description": "Version of the spec language."},
            "kind": {"enum": sorted(providers), "description": _kinds(providers)},
            "metadata": places[Metadata, "validation"],
            "spec": {"type": "object", "description": "What is declared."},
        },
        "allOf": [*_provider_rules(providers), *(_document_rule(*name) for name in references.items())],
        "$defs": with_elsewhere(_finished(shared))["$defs"],
    }


def _kinds(kinds: Mapping[str, Any]) -> str:
    return "What is declared. " + " ".join(f"{kind}: {words}" for kind, words in KINDS.items() if kind in kinds)


def _provider_rules(providers: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """Per kind the providers that may be named, so that an editor offers them before one is written."""
    return [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {
                "properties": {
                    "spec": {"required": ["provider"], "properties": {"provider": {"enum": sorted(names)}}},
                }
            },
        }
        for kind, names in sorted(providers.items())
        if names
    ]


def _document_rule(name: str, reference: Mapping[str, Any]) -> dict[str, Any]:
    kind, _, provider = name.partition(".")
    when: dict[str, Any] = {"properties": {"kind": {"const": kind}}, "required": ["kind"]}
    if provider:
        when["properties"]["spec"] = {"properties": {"provider": {"const": provider}}, "required": ["provider"]}
        when["required"] = ["kind", "spec"]
    return {"if": when, "then": dict(reference)}


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, with what its validators accept besides their type."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        inner = super().function_before_schema(schema)
        made = _made_of_text(schema["function"])
        if isinstance(made, dict):
            return {"anyOf": [{"type": "string"}, inner]}
        if made != ["x"] or inner.get("type") != "array":
            return inner
        marks = {key: value for key, value in inner.items() if key.startswith("x-")}
        array = {key: value for key, value in inner.items() if key not in marks}
        return {"anyOf": [inner.get("items", {}), array], **marks}

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        if schema["cls"] is Reference:
            found |= {"minProperties": 1, "maxProperties": 1}
        return found


def _made_of_text(function: Any) -> Any:
    """What a validator makes of a text: a list or keys and values where a single value may be written for short, else None."""
    if function["type"] != "no-info":
        return None
    try:
        made = function["function"]("x")
    except (TypeError, ValueError, AttributeError, KeyError):
        return None
    return made if isinstance(made, dict | list) else None


def _finished(node: Any) -> Any:
    """The schema with defaults as people write them, and without the titles that only repeat the key."""
    if isinstance(node, list):
        return [_finished(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {key: _finished(value) for key, value in node.items() if key != "title" or not isinstance(value, str)}
    if "minLength" in out and out.get("type") != "string":
        out = _at_least(out.pop("minLength"), out)
    default = out.get("default")
    if isinstance(default, float) and (pattern := _pattern(out)):
        written = next((text for text in (show_duration(default), f"{default * 100:g}%") if re.search(pattern, text)), None)
        out = {**out, "default": written} if written else {key: value for key, value in out.items() if key != "default"}
    return out


def _at_least(count: int, node: dict[str, Any]) -> dict[str, Any]:
    """The schema of lists with at least ``count`` items; pydantic writes minLength after a validator, which means texts."""
    if node.get("type") == "array":
        return {**node, "minItems": count}
    return {**node, "anyOf": [_at_least(count, choice) for choice in node["anyOf"]]} if "anyOf" in node else node


def _pattern(node: Mapping[str, Any]) -> str:
    choices = [node, *node.get("anyOf", ())]
    return next((choice["pattern"] for choice in choices if "pattern" in choice), "")


def _validate_output() -> dict[str, Any]:
    (found,), shared = msgspec.json.schema_components([Diagnostic], ref_template="#/$defs/{name}")
    return {
        **_head("validate", "Output of trueup validate -o json"),
        "type": "object",
        "required": ["format", "valid", "errors", "warnings", "diagnostics"],
        "properties": {
            "format": {"const": 1, "description": "Version of this format."},
            "valid": {"type": "boolean", "description": "True when there is no error; warnings do not matter."},
            "errors": {"type": "integer"},
            "warnings": {"type": "integer"},
            "diagnostics": {"type": "array", "items": found},
        },
        "$defs": shared,
    }


if __name__ == "__main__":
    for written_path in write_schemas(Path(sys.argv[1] if len(sys.argv) > 1 else "schemas")):
        print(written_path)
