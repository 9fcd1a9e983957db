"""A resource that is to be emptied once its spec is gone is remembered by its references, never by a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.model.errors import SpecInvalid
from controller.spec.departed import recalled, remembered
from controller.spec.load import load_specs
from controller.spec.resource import Resource

SPEC = """
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec: {provider: csv, config: {path: members.csv}}
---
apiVersion: trueup/v1
kind: Device
metadata: {name: front, labels: {site: gym}}
spec:
  provider: hikvision
  config: {url: "http://127.0.0.1:1", username: admin, password: PASSWORD, timezone: Europe/Stockholm}
  people:
    - {from: members, key: "{id}", name: "{full_name}", valid: {until: "UNTIL"}, doors: [{door: 1, plan: 1}]}
  policy: {whenRemovedFromSpec: POLICY}
"""


def device(folder: Path, policy: str, password: str = "{env: DOOR}", until: str = "{valid_until}") -> Resource:
    text = SPEC.replace("POLICY", policy).replace("PASSWORD", password).replace("UNTIL", until)
    (folder / "all.yaml").write_text(text)
    return load_specs([folder]).by_address["Device/front"]


def test_what_is_to_be_emptied_comes_back_as_it_was(tmp_path: Path) -> None:
    known = device(tmp_path, "empty")
    again = recalled(remembered(known))
    assert again is not None
    assert (again.address, again.config, again.policy, again.zone) == (known.address, known.config, known.policy, known.zone)
    assert [m.mapping for m in again.mappings] == [m.mapping for m in known.mappings]


def test_what_is_to_be_forgotten_is_not_kept(tmp_path: Path) -> None:
    assert remembered(device(tmp_path, "forget")) == "" and recalled("") is None


def test_a_secret_in_plain_is_not_kept_and_then_the_resource_cannot_be_emptied(tmp_path: Path) -> None:
    kept = remembered(device(tmp_path, "empty", password="{plain: Canary-12345}"))
    assert "Canary" not in kept and recalled(kept) is None


def test_a_provider_that_is_gone_leaves_nothing_to_recall(tmp_path: Path) -> None:
    assert recalled(remembered(device(tmp_path, "empty")).replace('"hikvision"', '"nobody"')) is None


def test_a_date_in_the_spec_that_is_none_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(SpecInvalid) as wrong:
        device(tmp_path, "forget", until="forver")
    found = wrong.value.diagnostics[0]
    assert "'forver' is no date" in found.summary and found.path.endswith("valid.until") and found.place.line == 14
