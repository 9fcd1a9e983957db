"""Pydantic's errors in plain words, each with the path in the document that it is about.

Input never appears: pydantic is asked to leave it out, and values are described by their kind alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from controller.spec.checks.shape import field_at, homes, keys_at
from controller.spec.envelope import NAME_LENGTH
from controller.spec.syntax.positions import Path

LITERAL_SECRET = (
    "Write where it is to be found: {env: NAME} for an environment variable, {file: PATH}, or {secret: NAME} after "
    "`trueup secrets set NAME`. Only if everybody may read it: {plain: ...}."
)
_WANTED: Mapping[str, str] = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "keys and values",
    "mapping_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
}


@dataclass(frozen=True)
class Problem:
    """One problem at a path. ``on_key``: the key itself is wrong, not its value. ``warning``: it stops nothing."""

    code: str
    path: Path
    summary: str
    detail: str = ""
    suggestion: str = ""
    on_key: bool = False
    warning: bool = False


def explain(error: ValidationError, data: Any, model: type[BaseModel]) -> list[Problem]:
    """Every problem of a document's ``data`` against ``model``."""
    raised = [
        (*_located(e["loc"], data, e["type"] == "missing"), e)
        for e in error.errors(include_url=False, include_context=True, include_input=False)
    ]
    out = []
    for path, group in _by_path(raised).items():
        out += _explain_group(path, group, data, model)
    return out


def _located(loc: Sequence[str | int], data: Any, missing: bool) -> tuple[Path, bool]:
    """The path in the document, and whether union tags were left out of it."""
    path: list[str | int] = []
    node, tagged = data, False
    for index, part in enumerate(loc):
        if part in node if isinstance(node, dict) else isinstance(node, list) and isinstance(part, int) and part < len(node):
            path.append(part)
            node = node[part]
        elif isinstance(part, int):
            continue  # a single value where a list may stand: the model made the list
        elif missing and index == len(loc) - 1:
            path.append(part)
        else:
            tagged = True
    return tuple(path), tagged


def _by_path(raised: Iterable[tuple[Path, bool, Any]]) -> dict[Path, list[Any]]:
    """Errors by path; of a union only those of the branch that the author meant, which is the one that was followed deepest."""
    found = list(raised)
    deep = {path for path, _, _ in found}
    groups: dict[Path, list[Any]] = {}
    for path, tagged, error in found:
        shallow = tagged and error["type"] in _WANTED and any(len(p) > len(path) and p[: len(path)] == path for p in deep)
        if not shallow:
            groups.setdefault(path, []).append(error)
    return groups


def _explain_group(path: Path, errors: list[Any], data: Any, model: type[BaseModel]) -> list[Problem]:
    telling = [e for e in errors if e["type"] not in _WANTED] or errors
    if telling[0]["type"] in _WANTED:
        wanted = list(dict.fromkeys(_WANTED[e["type"]] for e in telling if e["type"] in _WANTED))
        return [_wrong_type(path, " or ".join(wanted), _look(data, path), field_at(model, path))]
    out = {problem: None for problem in (_explain_one(path, e, data, model) for e in telling)}
    return list(out)


def _explain_one(path: Path, error: Any, data: Any, model: type[BaseModel]) -> Problem:
    info = field_at(model, path)
    message = str(error["msg"])
    match error["type"]:
        case "missing":
            return Problem("missing", path, f"`{path[-1]}` is missing", describe(info))
        case "extra_forbidden":
            return unknown_key(path, model)
        case "literal_error":
            return _wrong_word(path, str(error["ctx"]["expected"]), _look(data, path), info)
        case "literal_secret":
            return Problem("literal-secret", path, f"{_name(path)}: a secret must not stand in the spec", LITERAL_SECRET)
        case "string_pattern_mismatch" | "string_too_short" | "string_too_long" if path[:2] == ("metadata", "name"):
            words = f"a name has at most {NAME_LENGTH} small letters, digits, and `-`, `.`, `_` between them"
            return Problem("bad-name", path, words, "For example: front-door")
        case "too_short" if isinstance(_look(data, path), list) or _look(data, path) == "":
            return Problem("empty", path, f"{_name(path)} is empty: write at least one", describe(info))
        case "value_error" | "assertion_error":
            text = re.sub(r"^(Value|Assertion) error, ", "", message)
            return Problem("bad-value", path, f"{_name(path)}: {text}", describe(info))
    return Problem(str(error["type"]).replace("_", "-"), path, f"{_name(path)}: {_sentence(message)}", describe(info))


def _wrong_type(path: Path, wanted: str, found: Any, info: FieldInfo | None) -> Problem:
    summary = f"{_name(path)} must be {wanted}, but here is {kind_of_value(found)}"
    if "text" in wanted and isinstance(found, bool | int | float):
        summary += ": put it in quotes"
    elif "text" in wanted and isinstance(found, dict) and list(found.values()) == [None]:
        summary += f': put it in quotes, "{{{next(iter(found))}}}"'
    return Problem("wrong-type", path, summary, describe(info))


def _wrong_word(path: Path, expected: str, found: Any, info: FieldInfo | None) -> Problem:
    words = re.findall(r"'([^']*)'", expected)
    meant = near(found, words) if isinstance(found, str) else ""
    return Problem("wrong-word", path, f"{_name(path)} must be one of: {', '.join(words) or expected}", describe(info), meant)


def unknown_key(path: Path, model: type[BaseModel]) -> Problem:
    """A key that does not exist at its level: perhaps misspelt, perhaps at home at another level."""
    key, level = str(path[-1]), path[:-1]
    here = [name for name in keys_at(model, level)]
    meant = near(key, here)
    elsewhere = () if meant else homes(model).get(key, ())
    if elsewhere:
        home = elsewhere[0] or "the top level"
        return Problem("unknown-key", path, f"`{key}` does not belong here", f"`{key}` belongs under {home}.", on_key=True)
    if not meant:
        far = near(key, list(homes(model)))
        hint = f"Perhaps `{far}` under {homes(model)[far][0] or 'the top level'} was meant. " if far else ""
    else:
        hint = ""
    detail = hint + (f"Here may stand: {', '.join(here)}." if here else "")
    return Problem("unknown-key", path, f"there is no `{key}` here", detail, meant, on_key=True)


def near(word: str, words: Sequence[str]) -> str:
    """The word that was probably meant, whatever its case; empty when none is close."""
    lower = {other.lower().replace("_", "").replace("-", ""): other for other in words}
    plain = word.lower().replace("_", "").replace("-", "")
    return next((lower[found] for found in get_close_matches(plain, lower, n=1, cutoff=0.6)), "")


def describe(info: FieldInfo | None) -> str:
    """What a field is for, with an example."""
    if info is None:
        return ""
    words = info.description or ""
    example = f"For example: {_show(info.examples[0])}" if info.examples else ""
    return " ".join(part for part in (words, example) if part)


def _show(example: Any) -> str:
    if isinstance(example, dict):
        return "{" + ", ".join(f"{key}: {_show(value)}" for key, value in example.items()) + "}"
    if isinstance(example, list | tuple):
        return "[" + ", ".join(map(_show, example)) + "]"
    if isinstance(example, bool):
        return str(example).lower()
    return f'"{example}"' if isinstance(example, str) and example.startswith("{") else str(example)


def kind_of_value(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
    return "keys and values"


def dotted(path: Path) -> str:
    """``spec.people[0].valid``"""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _name(path: Path) -> str:
    """What people call the place: its last key, with the number of the item where it is one."""
    words = [part for part in path if isinstance(part, str)]
    if not words:
        return "the document"
    return f"item {path[-1] + 1} of `{words[-1]}`" if isinstance(path[-1], int) else f"`{words[-1]}`"


def _look(data: Any, path: Path) -> Any:
    for part in path:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int):
            data = data[part]
        else:
            return None
    return data


def _sentence(message: str) -> str:
    return re.sub(r"^(Input|String|List|Tuple|Value) should", "this should", message)
