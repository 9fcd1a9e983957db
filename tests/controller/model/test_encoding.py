"""The canonical encoding and its quick form for texts give the same bytes, or fingerprints of two releases would differ."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.model.encoding import canonical, canonical_texts
from controller.model.period import Period

TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    TEXTS | st.builds(Period, st.text(max_size=20), st.text(max_size=20)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)


@given(VALUES)
def test_the_quick_encoding_of_texts_is_the_canonical_one(value: object) -> None:
    assert canonical_texts(value) == canonical(value)


def test_control_letters_quotes_and_letters_of_any_plane_are_written_alike() -> None:
    value = ["".join(map(chr, range(0x20))), '"\\/\x7f\u2028\ufeff', "å č 𝔘", {"b": None, "a": Period("x", "")}]
    assert canonical_texts(value) == canonical(value)
