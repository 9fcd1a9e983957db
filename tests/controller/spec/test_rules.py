"""Rules of the operator's own in a spec: what is misspelt is found with its place, for a rule that never holds protects nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from controller.model.diagnostic import Diagnostic, Place
from controller.registry import Registry
from controller.spec.load import load_specs

Check = Callable[[str], Sequence[Diagnostic]]
HEAD = """\
apiVersion: trueup/v1
kind: Controller
metadata: {name: site}
spec:
  timezone: Europe/Stockholm
  rules:
"""


def controller(rules: str, *, zone: bool = True) -> str:
    text = HEAD if zone else HEAD.replace("  timezone: Europe/Stockholm\n", "")
    return text + "".join(f"    {line}\n" for line in rules.splitlines()) + "---\n"


def told(found: Sequence[Diagnostic]) -> list[tuple[str, str, str]]:
    return [(d.code, d.path.removeprefix("spec.rules"), d.suggestion) for d in found]


def test_rules_are_read_with_their_words_and_their_lines(check: Check, registry: Registry, good: str) -> None:
    text = controller(
        "- name: weekend\n"
        "  deny: nobody is removed at weekends\n"
        "  when: {action: [delete, bar], time: {days: [sat, sun], from: 08:00, to: 24:00}, moreThan: 10%}\n"
        "- {name: large, warn: a large change, when: {moreThan: 50, labels: {site: gym}, address: 'Device/*:person/9*'}}\n"
    )
    assert check(text + good) == []
    specs = load_specs([Path("specs")], registry)
    first, second = specs.controller.rules
    assert (first.when.more_than, first.when.time and first.when.time.days, second.when.more_than) == (0.1, ("sat", "sun"), 50)
    assert specs.rule_places == {"weekend": Place("specs/a.yaml", 7, 13), "large": Place("specs/a.yaml", 10, 14)}


def test_another_rule_makes_other_specs_so_that_a_plan_of_before_is_not_applied(
    check: Check, registry: Registry, good: str
) -> None:
    digests = set()
    for words in ("deny: a", "deny: b", "warn: a"):
        assert check(controller(f"- {{name: r, {words}}}") + good) == []
        digests.add(load_specs([Path("specs")], registry).digest)
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{name: r, deny: x, when: {kind: persn}}", [("unknown-kind", "[0].when.kind", "person")]),
        ("{name: r, deny: x, when: {field: vald}}", [("unknown-field", "[0].when.field", "valid")]),
        ("{name: r, deny: x, when: {provider: terminl}}", [("unknown-provider", "[0].when.provider", "terminal")]),
        ("{name: r, deny: x, when: {action: delet}}", [("wrong-word", "[0].when.action", "delete")]),
        ("{name: r, deny: x, when: {effect: [revoke]}}", [("wrong-word", "[0].when.effect[0]", "revokes")]),
        ("{name: r, deny: x, when: {time: {days: [saturday]}}}", [("wrong-word", "[0].when.time.days[0]", "")]),
        ("{name: r, deny: x, when: {actions: delete}}", [("unknown-key", "[0].when.actions", "action")]),
        ("{name: r, deny: x, when: {address: front-door}}", [("bad-pattern", "[0].when.address", "")]),
        ("{name: r, deny: x, when: {address: 'Device/x:person'}}", [("bad-pattern", "[0].when.address", "")]),
        ("{name: r, deny: x, when: {address: Devise/x}}", [("unknown-kind", "[0].when.address", "Device")]),
        ("{name: r, deny: x, when: {address: 'Device/x:persn/1'}}", [("unknown-kind", "[0].when.address", "person")]),
        ("{name: r, deny: x, when: {address: 'Device/x:card/5551234'}}", [("hidden-key", "[0].when.address", "")]),
        ("{name: r, deny: x, when: {address: 'Device/x:card/*'}}", []),
        ("{name: r, deny: x, when: {time: {zone: Europe/Stokholm}}}",
         [("unknown-timezone", "[0].when.time.zone", "Europe/Stockholm")]),
        ("{name: r, deny: x, when: {time: {from: 8:00}}}", [("bad-value", "[0].when.time.from", "")]),
        ("{name: r, deny: x, when: {time: {from: 08:00, to: 08:00}}}", [("bad-value", "[0].when.time", "")]),
        ("{name: r, deny: x, when: {time: {from: 24:00, to: 08:00}}}", [("bad-value", "[0].when.time", "")]),
        ("{name: r, deny: x, when: {moreThan: many}}", [("bad-value", "[0].when.moreThan", "")]),
        ("{name: r, deny: x, when: {moreThan: -1}}", [("bad-value", "[0].when.moreThan", "")]),
        ("{name: r, deny: x, when: {moreThan: true}}", [("bad-value", "[0].when.moreThan", "")]),
        ("{name: r, deny: x, when: {moreThan: 0.1}}", [("bad-value", "[0].when.moreThan", "")]),
        ("{name: r, deny: x, unless: {kind: persn}}", [("unknown-kind", "[0].unless.kind", "person")]),
        ("{name: r, deny: x, unless: {}}", [("empty", "[0].unless", "")]),
        ("{name: r, deny: x, unless: {moreThan: 3}}", [("unknown-key", "[0].unless.moreThan", "")]),
        ("{name: r}", [("bad-value", "[0]", "")]),
        ("{name: r, deny: x, warn: y}", [("bad-value", "[0]", "")]),
        ("{name: r, warn: y, overridable: true}", [("bad-value", "[0]", "")]),
        ("{name: r, warn: y, refuse: everything}", [("bad-value", "[0]", "")]),
    ],
)  # fmt: skip
def test_every_mistake_in_a_rule_is_found_at_its_place(check: Check, good: str, rule: str, expected: Any) -> None:
    assert told(check(controller(f"- {rule}") + good)) == expected


def test_a_rule_name_is_taken_once(check: Check, good: str) -> None:
    found = check(controller("- {name: r, deny: x}\n- {name: r, warn: y}") + good)
    assert told(found) == [("duplicate-rule", "[1].name", "")]
    assert "specs/a.yaml:7" in found[0].summary


def test_a_time_of_day_needs_a_zone(check: Check, good: str) -> None:
    rule = "- {name: r, deny: x, when: {time: {days: sat}}}"
    assert told(check(controller(rule, zone=False) + good)) == [("missing-timezone", "[0].when.time", "")]
    own = "- {name: r, deny: x, when: {time: {days: sat, zone: Asia/Tokyo}}}"
    assert check(controller(own, zone=False) + good) == []


def test_without_any_target_kinds_cannot_be_judged(check: Check, good: str) -> None:
    sources_alone = good.partition("---\napiVersion: trueup/v1\nkind: Device")[0]
    assert check(controller("- {name: r, deny: x, when: {kind: person, field: x}}") + sources_alone) == []
