"""Any way of writing a document ends in one form, which means the same, keeps every comment, and is its own form."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from controller.model.encoding import digest
from controller.spec.formatting.form import canonical
from controller.spec.formatting.pieces import Unformattable
from controller.spec.yaml import parse

SCALARS = st.sampled_from(
    ["a", "on", "0123", "1.10", "2026-01-01", "~", "'it''s'", '"{id}"', '"a\\tb # c"', "é𝄞", "x#y", "http://a:80/b", "-1"]
)
KEYS = st.sampled_from(["name", "from", "key", '"quoted"', "people", "valid", "x-y"])
BLOCKS = st.sampled_from(
    ["|\none\n  two\n\nthree", ">-\nfolded\ntext", "|+\nkept\n\n", "|2\n  deep\nless", '"over\n\n lines"', "over\nlines"]
)
DATA = st.recursive(
    SCALARS | BLOCKS,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=12,
)


@dataclass
class Writer:
    """Writes data as untidily as YAML allows."""

    random: Random
    number: int = 0

    def comment(self) -> str:
        self.number += 1
        return f"#{'' if self.random.random() < 0.3 else ' '}note {self.number}"

    def end(self) -> str:
        return self.random.choice(["", "", " ", f" {self.comment()}", f"     {self.comment()}"])

    def between(self, column: int) -> list[str]:
        kinds = self.random.choices(["", "blank", "comment", "margin"], [8, 1, 1, 1])[0]
        where = {"comment": column, "margin": self.random.randrange(column + 3)}
        return {"": [], "blank": ["", " "]}.get(kinds, [" " * where.get(kinds, 0) + self.comment()])

    def flow(self, data: Any, column: int) -> str:
        gap = self.random.choice(["", " ", "  ", f" {self.comment()}\n{' ' * (column + self.random.randrange(1, 6))}"])
        if isinstance(data, str):
            return data if "\n" not in data else "flat"
        if isinstance(data, list):
            return f"[{gap}{f',{gap}'.join(self.flow(item, column) for item in data)}{gap}]"
        return "{" + gap + f",{gap}".join(f"{key}: {gap}{self.flow(value, column)}" for key, value in data.items()) + gap + "}"

    def value(self, data: Any, column: int, *, within_list: bool) -> tuple[str, list[str]]:
        """What stands on the key's line, and the lines below."""
        if isinstance(data, str):
            head, *rest = data.split("\n")
            extra = column + (2 if head == "|2" else self.random.randrange(1, 5))
            tail = "" if rest and head[0] not in "|>" else self.end()
            pad = " " * (column + 2 if head == "|2" else extra)
            return head + tail, [pad + line if line else "" for line in rest]
        if self.random.random() < 0.3:
            head, *rest = self.flow(data, column).split("\n")
            return head, rest
        deeper = column + self.random.randrange(1, 5)
        if isinstance(data, list) and not within_list and self.random.random() < 0.4:
            deeper = column
        return self.end(), self.block(data, deeper)

    def block(self, data: Any, column: int) -> list[str]:
        out: list[str] = []
        for entry in data.items() if isinstance(data, dict) else data:
            out += self.between(column)
            if isinstance(data, dict):
                key, value = entry
                head, rest = self.value(value, column, within_list=False)
                start = f"{key}{' ' * self.random.randrange(2)}:{' ' * self.random.randrange(1, 4)}"
            else:
                head, rest = self.value(entry, column, within_list=True)
                start = f"-{' ' * self.random.randrange(1, 4)}"
            out += [" " * column + start + head, *rest]
        return out


def comments(text: str) -> Counter[str]:
    return Counter(re.findall(r"# ?note \d+", text))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(KEYS, DATA, min_size=1, max_size=4), min_size=1, max_size=3), st.integers(0, 10**9))
def test_any_way_of_writing_ends_in_one_form(documents: list[Any], seed: int) -> None:
    writer = Writer(Random(seed))
    text = "\n---\n".join("\n".join(writer.block(data, 0)) for data in documents) + "\n"
    before = parse(text)
    assert not before.faults
    try:
        formed = canonical(text)
    except Unformattable as refused:
        pytest.fail(f"refused: {refused}\n{text}")
    assert canonical(formed) == formed
    assert [digest(d.data) for d in parse(formed).documents] == [digest(d.data) for d in before.documents]
    assert comments(formed) == comments(text)
    assert not re.search(r"[ \t]\n", re.sub(r"(?s)\|\+?.*", "", formed))


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab:-[]{},#'\"|>&*!? \n\t%~1"), max_size=40))
@example("a: |\n  text")
@example("a: |+\n\n\n")
@example("--- |\n x\n")
@example("- - a\n  -\n    b")
def test_any_text_is_formed_once_or_left_alone(text: str) -> None:
    if parse(text).faults:
        return
    try:
        formed = canonical(text)
    except Unformattable:
        return
    assert canonical(formed) == formed
    assert [digest(d.data) for d in parse(formed).documents] == [digest(d.data) for d in parse(text).documents]
