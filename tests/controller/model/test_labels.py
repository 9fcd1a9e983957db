"""What a label selector takes, and what it says of one that means nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.address import Address
from controller.model.labels import selector
from controller.model.scope import Scope

GYM, POOL, NONE = {"site": "gym"}, {"site": "pool", "floor": "2"}, {"floor": ""}


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("site=gym", [GYM]),
        ("site==gym", [GYM]),
        (" site = gym ", [GYM]),
        ("site!=gym", [POOL, NONE]),
        ("site in (gym,pool)", [GYM, POOL]),
        ("site in ( gym )", [GYM]),
        ("site notin (gym, hall)", [POOL, NONE]),
        ("site", [GYM, POOL]),
        ("!site", [NONE]),
        ("floor", [POOL, NONE]),
    ],
)
def test_each_form_takes_what_it_says(text: str, taken: list[dict[str, str]]) -> None:
    assert [labels for labels in (GYM, POOL, NONE) if selector(text).matches(labels)] == taken


@pytest.mark.parametrize("text", ["", " ", "!", "=gym", "!=gym", "a b", "site in gym", "site in (gym", "!site=gym"])
def test_what_names_no_label_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no label"):
        selector(text)


def test_a_missing_value_is_told() -> None:
    with pytest.raises(ValueError, match="has no value behind the sign"):
        selector("site=")
    with pytest.raises(ValueError, match="lists an empty value"):
        selector("site in (gym,)")


@given(
    st.from_regex(r"[a-z]{1,3}", fullmatch=True),
    st.text("ab=", min_size=1, max_size=3),
    st.dictionaries(st.text("abc", min_size=1), st.text("ab=")),
)
def test_a_selector_and_its_opposite_share_nothing_and_miss_nothing(key: str, value: str, labels: dict[str, str]) -> None:
    value = f"v{value}"
    assert selector(f"{key}={value}").matches(labels) is not selector(f"{key}!={value}").matches(labels)
    assert selector(key).matches(labels) is not selector(f"!{key}").matches(labels)


def test_all_selectors_of_a_scope_must_agree() -> None:
    scope = Scope(labels=("site", "floor!=2"))
    door = Address("Device", "door")
    assert [scope.covers_resource(door, labels) for labels in (GYM, POOL, NONE)] == [True, False, False]
