"""The canonical form of a whole text, and the proof that it means what the text meant."""

from __future__ import annotations

from collections import Counter
from typing import Any

from yaml import YAMLError

from controller.model.encoding import digest
from controller.spec.documents import joined_surrogates
from controller.spec.formatting.envelope import sort_envelope
from controller.spec.formatting.layout import Layout
from controller.spec.formatting.pieces import Unformattable, pieces
from controller.spec.syntax.words import Fault, explain
from controller.spec.yaml import parse

_DETAIL = "It was left as it is. Please report it with the lines around (CONTRIBUTING.md)."


def canonical(text: str) -> str:
    """The text, which must parse, in canonical form. Raises Unformattable when that would change what it means."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    laid_out = _laid_out(text)
    for sheet in laid_out.sheets:
        sort_envelope(sheet)
    parts = ["\n".join(lines) for sheet in laid_out.sheets if (lines := sheet.texts())]
    formed = "\n---\n".join(parts) + "\n" if parts else ""
    if formed != text:
        _must_mean_the_same(text, formed, laid_out)
    return formed


def _laid_out(text: str) -> Layout:
    try:
        return Layout().run(pieces(text))
    except YAMLError as problem:
        raise Unformattable(explain(problem, text)[0]) from problem


def _must_mean_the_same(text: str, formed: str, laid_out: Layout) -> None:
    before, after = parse(joined_surrogates(text)), parse(joined_surrogates(formed))
    line = _first_difference([d.data for d in before.documents], [d.data for d in after.documents])
    if after.faults or line is not None:
        place = before.documents[line].positions.value(()) if line is not None and line < len(before.documents) else (1, 1)
        summary = "canonical form would change what this document means"
        raise Unformattable(Fault("would-change", summary, *place, _DETAIL))
    if Counter(laid_out.comments) != Counter(_laid_out(formed).comments):
        raise Unformattable(Fault("would-change", "canonical form would lose a comment of this file", 1, 1, _DETAIL))


def _first_difference(before: list[Any], after: list[Any]) -> int | None:
    if len(before) != len(after):
        return 0
    return next((n for n, (a, b) in enumerate(zip(before, after, strict=True)) if digest(a) != digest(b)), None)
