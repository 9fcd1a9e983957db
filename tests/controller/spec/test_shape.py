from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, RootModel, ValidationError

from controller.sdk.mapping import SpecModel, Template
from controller.sdk.reference import SecretRef
from controller.spec.checks.explain import describe, explain, near
from controller.spec.checks.shape import TEMPLATE, field_at, homes, keys_at, marked, secret_keys


class Leaf(SpecModel):
    """A leaf that may hold leaves."""

    title: Template
    secret_word: SecretRef | None = None
    leaves: tuple[Leaf, ...] = ()
    by_name: dict[str, Leaf] = Field(default_factory=dict)


class Root(SpecModel):
    """A root."""

    leaf: Leaf
    numbers: tuple[int, ...] = Field((), examples=[[1, 2]])
    flag: bool = Field(False, examples=[True])


TREE: dict[str, Any] = {"leaf": {"title": "{a}", "leaves": [{"title": ["{b}", "c"]}], "byName": {"x": {"title": "{d}"}}}}


def test_templates_are_found_wherever_they_stand() -> None:
    found = [(path, value) for _, path, value in marked(Root.model_validate(TREE), TEMPLATE)]
    assert found == [
        (("leaf", "title"), ("{a}",)),
        (("leaf", "leaves", 0, "title"), ("{b}", "c")),
        (("leaf", "byName", "x", "title"), ("{d}",)),
    ]


def test_models_that_hold_themselves_are_walked_once() -> None:
    assert secret_keys(Root) == {"secretWord"}
    assert homes(Root)["flag"] == ("",)
    assert "leaf" in homes(Root)["title"]


def test_keys_are_known_at_every_level() -> None:
    assert list(keys_at(Root, ())) == ["leaf", "numbers", "flag"]
    assert list(keys_at(Root, ("leaf", "leaves", 3))) == ["title", "secretWord", "leaves", "byName"]
    assert keys_at(Root, ("nothing",)) == {}
    assert field_at(Root, ("leaf", "nothing", "deeper")) is None


def test_examples_are_shown_as_people_write_them() -> None:
    assert describe(field_at(Root, ("numbers",))) == "For example: [1, 2]"
    assert describe(field_at(Root, ("flag",))) == "For example: true"


@pytest.mark.parametrize(("word", "meant"), [("time_zone", "timezone"), ("TIMEZONE", "timezone"), ("zzz", "")])
def test_the_word_that_was_meant_is_found_whatever_its_case(word: str, meant: str) -> None:
    assert near(word, ["url", "timezone"]) == meant


def test_an_error_of_the_whole_has_a_name_too() -> None:
    class Numbers(RootModel[tuple[int, ...]]):
        """A list alone."""

    with pytest.raises(ValidationError) as caught:
        Numbers.model_validate(7)
    (problem,) = explain(caught.value, 7, Numbers)
    assert problem.summary == "the document must be a list, but here is a whole number"
