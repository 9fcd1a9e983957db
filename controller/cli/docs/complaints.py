"""Every error that our own source raises in words, with what it says to do next and the exit code that it means."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from controller.cli.docs.messages import named_texts, sources, text_of
from controller.cli.docs.tables import markdown
from controller.cli.exits import Exit
from controller.sdk.errors import ProviderError


def complaints_part() -> str:
    """A row per message, those of one exit code together."""
    rows = sorted({(code, message): hint for code, message, hint in _raised()}.items())
    return markdown(
        ["exit", "message", "what it says to do"], [(f"`{code}`", _safe(text), _safe(hint)) for (code, text), hint in rows]
    )


def _raised() -> Iterator[tuple[int, str, str]]:
    codes = _exit_codes()
    for tree in sources():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                said = named_texts(function)
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and (name := ast.unparse(node.func).rpartition(".")[2]) in codes and node.args:
                        yield from _told(codes[name], node, said)


def _exit_codes() -> dict[str, int]:
    """What each class of error means at the end of a run, read from the source like the rest: which classes are imported just now
    must make no difference. What fails at a target or a source parks it, and the rest goes on."""
    classes = {node.name: node for tree in sources() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found = {name: _exit_code(name, classes) for name in classes}
    return {name: code for name, code in found.items() if code is not None}


def _exit_code(name: str, classes: Mapping[str, ast.ClassDef]) -> int | None:
    if name == ProviderError.__name__:
        return Exit.PARTLY
    if name not in classes:
        return None
    for node in classes[name].body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "exit_code" and isinstance(node.value, ast.Constant):
            return int(str(node.value.value))
    bases = (_exit_code(ast.unparse(base).rpartition(".")[2], classes) for base in classes[name].bases)
    return next((code for code in bases if code is not None), None)


def _told(code: int, call: ast.Call, said: Mapping[str, str]) -> Iterator[tuple[int, str, str]]:
    hint = next((word.value for word in call.keywords if word.arg == "hint"), None)
    message = _words(call.args[0], said)
    if len(message.replace("…", "").split()) > 1:
        yield code, message, _words(hint, said) if hint is not None else ""


def _words(node: ast.expr, said: Mapping[str, str]) -> str:
    return said.get(node.id, "") if isinstance(node, ast.Name) else text_of(node)


def _safe(text: str) -> str:
    return " ".join(text.split()).replace("<", "&lt;").replace("*", "\\*")
