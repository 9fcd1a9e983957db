"""What the canonical form is, by example."""

from __future__ import annotations

import pytest

from controller.spec.formatting.form import canonical
from controller.spec.formatting.pieces import Unformattable

UNTIDY = """\

# of the file


kind: Device   # which kind
# about the version
apiVersion:    trueup/v1

spec:
    provider: hikvision
    # about config
    config:
        url: 'http://x'     # an address
        password: { env : X }   # a secret
        long: this goes
           on

           and on
        quoted: "as it
          is"
        text: |
           one
             two
        kept: >2+
            three

        g: [ a,b,
           # within
           c ]
        h: {
              a: 1,
           b: [
             2 ]
           }
    people:
    - from: x
      # about key
      key: "{id}"
    -   from: y
        key : k
      # misplaced
    # of people
# of metadata
metadata: {name: x}
# of the document
...
---
# of the second
[ ]
---
"""
TIDY = """\
# of the file

# about the version
apiVersion: trueup/v1
kind: Device   # which kind
# of metadata
metadata: {name: x}

spec:
  provider: hikvision
  # about config
  config:
    url: 'http://x'     # an address
    password: {env: X}   # a secret
    long: this goes
      on

      and on
    quoted: "as it
      is"
    text: |
      one
        two
    kept: >2+
        three

    g: [a, b,
        # within
        c]
    h: {
      a: 1,
      b: [
        2]
    }
  people:
    - from: x
      # about key
      key: "{id}"
    - from: y
      key: k
    # misplaced
    # of people
# of the document
---
# of the second
[]
"""


def test_an_untidy_spec_gets_one_form_and_loses_nothing() -> None:
    assert canonical(UNTIDY) == TIDY
    assert canonical(canonical(UNTIDY)) == canonical(UNTIDY)


@pytest.mark.parametrize(
    ("text", "formed"),
    [
        ("", ""),
        ("\n\n", ""),
        ("# only this  \n", "# only this\n"),
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("a: 1", "a: 1\n"),
        ("---\n---\n# x\na: 1\n---\n---\n", "# x\na: 1\n"),
        ("--- # x\na: 1\n", "# x\na: 1\n"),
        ("--- {a: 1}\n", "{a: 1}\n"),
        ("a: 1\n... # end\n---\nb: 2\n", "a: 1\n# end\n---\nb: 2\n"),
        ("a: 1\n---\n# nothing follows\n", "a: 1\n---\n# nothing follows\n"),
        ("  a: 1\n  # x\n  b: 2\n", "a: 1\n# x\nb: 2\n"),
        ("a:\n      # deep\n    b: 1\n", "a:\n  # deep\n  b: 1\n"),
        ("a:\n  # shallow\n    b: 1\n", "a:\n  # shallow\n  b: 1\n"),
        ("-\n   - a\n   -  - b\n", "-\n  - a\n  - - b\n"),
        ("- [\n 1,\n 2\n]\n", "- [\n    1,\n    2\n  ]\n"),
        ("a:\n- b\n# tail\n", "a:\n  - b\n# tail\n"),
        ("? a\n: 1\n", "? a\n: 1\n"),
        ("a: {b: , c}\n", "a: {b: , c}\n"),
        ("a: &x  1\nb:   *x\n", "a: &x 1\nb: *x\n"),
        ("a: | # why\n    x\n", "a: |  # why\n  x\n"),
        ("a:\n   !!str\n   on\n", "a:\n  !!str\n  on\n"),
        ("a: |\n\n    x\n     \nb: 1\n", "a: |\n\n  x\n   \nb: 1\n"),
    ],
)
def test_each_habit_has_one_form(text: str, formed: str) -> None:
    assert canonical(text) == formed
    assert canonical(formed) == formed


def test_comments_that_stood_below_each_other_still_do() -> None:
    text = "a:\n    b:    1        # one\n    c:\n        long: 2    # two\n\nd: 3 # three\n"
    assert canonical(text) == "a:\n  b: 1         # one\n  c:\n    long: 2    # two\n\nd: 3  # three\n"


def test_json_stays_json_with_its_surrogates() -> None:
    text = '{"a":"\\ud83d\\ude00",\n        "b":[1,2]\n   }\n'
    assert canonical(text) == '{"a": "\\ud83d\\ude00",\n "b": [1, 2]\n}\n'


def test_keys_keep_their_order_where_an_alias_refers_to_what_stands_above() -> None:
    text = "spec: &s {a: 1}\nkind: *s\napiVersion: x\n"
    assert canonical(text) == text


def test_keys_that_do_not_begin_their_line_or_are_unknown_keep_their_place() -> None:
    assert canonical("extra: 1\nkind: x\nspec: 2\napiVersion: y\n") == "apiVersion: y\nkind: x\nspec: 2\nextra: 1\n"
    assert canonical("spec: 1\n? kind\n: 2\n") == "spec: 1\n? kind\n: 2\n"
    assert canonical("{spec: 1, kind: 2}\n") == "{spec: 1, kind: 2}\n"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("%YAML 1.2\n---\na: 1\n", "directive", (1, 1)),
        ("b: 1\n---\na: |\n  no break at the end", "would-change", (3, 1)),
    ],
)
def test_what_cannot_be_formed_without_a_change_of_meaning_is_left_alone(text: str, code: str, place: tuple[int, int]) -> None:
    with pytest.raises(Unformattable) as caught:
        canonical(text)
    fault = caught.value.fault
    assert (fault.code, (fault.line, fault.column)) == (code, place)
    assert fault.detail
