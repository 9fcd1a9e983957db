"""The messages that stand in our own source: every text with ``…`` for what is filled in, and the codes with what they say.

Read from the syntax tree, because a message that nobody provokes is in no output. Serves docs/troubleshooting.md and its test.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_CODE = re.compile(r"[a-z]+(-[a-z]+)+")
_WORD = re.compile(r"[a-z]+(-[a-z]+)*")
_TELLING = ("Problem", "notice", "Notice", "add", "file")  # calls in which a code of one word stands
_APART = ("simulator", "bench", "docs", "scaffold", "contract")  # what never speaks to an operator


@cache
def sources() -> tuple[ast.Module, ...]:
    """The syntax trees of controller/ and providers/, but for simulators and what makes these pages."""
    found = (path for folder in ("controller", "providers") for path in sorted((ROOT / folder).rglob("*.py")))
    return tuple(ast.parse(path.read_text(encoding="utf-8")) for path in found if not set(path.with_suffix("").parts) & set(_APART))


def texts() -> set[str]:
    """Every text in the source."""
    return {text for tree in sources() for node in ast.walk(tree) if (text := text_of(node))}


def codes() -> dict[str, tuple[str, ...]]:
    """Code to what is said with it, in the order in which it stands in the source."""
    found: dict[str, dict[str, None]] = {}
    for tree in sources():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for code, message in _of(function):
                    found.setdefault(code, {}).update({message: None} if message else {})
    return {code: tuple(messages) for code, messages in sorted(found.items())}


def named_texts(function: ast.AST) -> dict[str, str]:
    """The texts that a function gives names, by name."""
    return {
        target.id: text
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and (text := text_of(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _of(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[tuple[str, str]]:
    said = named_texts(function)
    if isinstance(function, ast.ClassDef):
        code = next(
            (node for node in function.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "code"), None
        )
        if code is not None and (name := text_of(code.value)):
            yield name, (ast.get_docstring(function) or "").partition("\n")[0].removesuffix(".")
        return
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            yield from _in_call(node, said)
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
            yield from _pair(node.elts, said)


def _in_call(call: ast.Call, said: dict[str, str]) -> Iterator[tuple[str, str]]:
    named = next((word.value for word in call.keywords if word.arg == "code"), None)
    if named is not None and (code := text_of(named)) and _CODE.fullmatch(code):
        yield code, _sentence(call.args[0], said) if call.args else ""
    for at in range(len(call.args) - 1):
        yield from _pair(call.args[at : at + 2], said)
    if ast.unparse(call.func).rpartition(".")[2] in _TELLING:
        yield from _told(call.args, said)


def _told(nodes: list[ast.expr], said: dict[str, str]) -> Iterator[tuple[str, str]]:
    """A code of one word, or one with a place between it and its message."""
    words = [(text_of(node), _sentence(node, said)) for node in nodes]
    code = next((text for text, sentence in words if text and not sentence and _WORD.fullmatch(text)), "")
    after = [sentence for text, sentence in words[[text for text, _ in words].index(code) :]] if code else []
    if message := next(filter(None, after), ""):
        yield code, message


def _pair(nodes: list[ast.expr], said: dict[str, str]) -> Iterator[tuple[str, str]]:
    """A code beside its message, whichever comes first."""
    for code, message in (nodes, nodes[::-1]):
        if isinstance(code, ast.Constant) and _CODE.fullmatch(text_of(code)) and (sentence := _sentence(message, said)):
            yield text_of(code), sentence


def _sentence(node: ast.expr, said: dict[str, str]) -> str:
    text = said.get(node.id, "") if isinstance(node, ast.Name) else text_of(node)
    return text if " " in text else ""


def text_of(node: ast.AST) -> str:
    """The text that an expression makes, ``…`` for what is filled in; empty for what is no text."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return re.sub("…+", "…", "".join(text_of(part) if isinstance(part, ast.Constant) else "…" for part in parts))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            halves = text_of(left), text_of(right)
            return f"{halves[0] or '…'}{halves[1] or '…'}" if any(halves) else ""
    return ""
