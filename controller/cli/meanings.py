"""What the fields of the JSON outputs mean, by the struct that holds them; schemas and docs say it from here.

Kept apart from the structs: those are walked on hot paths and read by programmers, who have their docstrings. A test sees to it
that no field of a plan is without words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEANINGS: Mapping[str, Mapping[str, str]] = {
    "PlanDocument": {
        "summary": "The plan in figures.",
        "plan": "What differs, and what it was computed from.",
        "format": "Version of this document.",
    },
    "PlanSummary": {
        "changes": "How many changes there are.",
        "actions": "How many of each action.",
        "effects": "How many give access, take it, or touch neither.",
        "drifted": "How many undo what somebody changed at a target.",
        "parked": "How many resources could not be judged.",
        "notices": "How many cases are left alone.",
        "limits": "How many rules stand against it.",
        "applicable": "Whether there is something to do and no rule forbids it.",
        "digest": "Digest of what the plan would do, for `apply --reviewed`; the same whenever it is made.",
    },
    "Plan": {
        "format": "Version of the plan's format.",
        "id": "Name of this plan.",
        "made": "When it was made, UTC.",
        "expires": "Until when it may be applied, UTC.",
        "workspace": "Name of the state that it was made with; no other may apply it.",
        "spec": "Digest of all specs; other specs may not apply it.",
        "version": "Version of trueup that made it.",
        "resources": "Every resource that was looked at.",
        "changes": "What would be done, in this order.",
        "notices": "What is left alone, and why.",
        "limits": "Rules that stand against it.",
        "allowances": "What `--bootstrap` and `--allow` permit.",
        "rules": "Names of the operator's own rules that it was judged by.",
        "sources": "How many records each source had.",
        "scope": "The selection, as it was given: `--target`, `--exclude`, `--only`, `--label`.",
        "offline": "Whether no target was asked; such a plan cannot be applied.",
        "returns": "Of a rollback: the run whose changes it returns.",
        "signature": "Signature of a saved plan.",
    },
    "ResourcePlan": {
        "address": "The resource.",
        "provider": "The provider that knows it.",
        "condition": "How far it could be judged: `complete`, `parked` (left alone), `orphaned` (no spec declares it any more), "
        "`moved` (it has another name) or `offline`.",
        "target": "Its address on the network.",
        "identity": "Its serial number.",
        "message": "What is to be said about it, for example why it is parked.",
        "hint": "What to do next.",
        "code": "Why it is parked, in one stable word: `unreachable`, `credentials-refused`, `source-unread`.",
        "labels": "Its labels.",
        "desired": "How many entities are declared.",
        "actual": "How many are there.",
        "owned": "How many are ours, by our notes.",
        "unchanged": "How many are as declared.",
        "foreign": "How many are there and not ours.",
        "held": "How many are held: nobody can tell whether they are meant.",
        "initialised": "Whether it had its first sync.",
        "model": "What it says it is.",
        "clock_offset": "Seconds that its clock is ahead; below zero: behind.",
        "on_fatal": "What happens when it cannot be worked with: `park` or `stop`.",
        "origins": "Keyed digest of which records stand behind which entities.",
        "given": "What it has from defaults, profiles, forEach and protections.",
        "made_of": "Digest of the record that made it, where forEach did.",
        "unserved": "How many people are declared and selected there while nothing could be judged.",
    },
    "Given": {
        "by": "Who gives it: `profile careful`, `forEach terminals`.",
        "gives": "The keys of its spec that came with it.",
        "place": "Where that stands.",
    },
    "Change": {
        "id": "Name of the change within this plan.",
        "resource": "The resource it is about.",
        "kind": "Kind of entity: `person`, `card`.",
        "key": "Key of the entity; a fingerprint where the key is sensitive.",
        "action": "What is done.",
        "effect": "What that does to access. What widens in any respect grants.",
        "reason": "Why.",
        "fields": "What differs.",
        "managed": "The fields that are ours; all of them when it is not there.",
        "before": "Keyed fingerprint of what was there; empty when it was not there.",
        "fingerprint": "Keyed fingerprint of what will be there.",
        "subject": "Key of the entity it hangs on: a card's person.",
        "remote_id": "Name of the entity at the target, where that differs from its key.",
        "label": "How people call it: the person's name.",
        "after": "Changes that must be done before.",
        "drift": "Whether it undoes what somebody changed at the target.",
        "only_existing": "Whether only what is already there is managed (`manage: [valid]`).",
        "administrator": "Whether it concerns an administrator of the target.",
        "taken": "Whether it takes over or removes what was not ours before.",
        "image": "Of a rollback: where the state keeps sealed what this plan withholds, `RUN/CHANGE`.",
        "provenance": "Which spec line and which records made it.",
    },
    "FieldChange": {
        "name": "The field.",
        "before": "Value before; a fingerprint where it may not be shown.",
        "after": "Value after; a fingerprint where it may not be shown.",
        "withheld": "Whether values may not be shown.",
        "was": "The same in plain words, before.",
        "becomes": "The same in plain words, after.",
        "title": "The field's name for people.",
        "drift": "Whether the target no longer shows what was last written.",
    },
    "Provenance": {"spec": "File and line of the mapping.", "records": "The records behind it, the main one first."},
    "RecordRef": {
        "source": "Name of the source.",
        "key": "Key of the record.",
        "place": "Where a person can look: `members.csv:17`.",
    },
    "Notice": {
        "resource": "The resource it is about; empty for all.",
        "verdict": "Why it is no change.",
        "code": "The same in one stable word.",
        "message": "The same in plain words.",
        "kind": "Kind of entity.",
        "key": "Key of the entity; a fingerprint where the key is sensitive.",
        "label": "How people call it.",
        "hint": "What to do next.",
        "place": "Where to look.",
        "subject": "Key of the person it is about, where it hangs on one.",
    },
    "Limit": {
        "resource": "The resource whose changes exceed it.",
        "rule": "`revoke`, `grant`, `bootstrap`, `budget-revoke`, `budget-grant`, or `policy:NAME` for a rule of your own.",
        "count": "How many there are.",
        "allowed": "How many may be.",
        "of": "Of how many.",
        "message": "The same in plain words.",
        "flag": "The flag that would allow it; empty where nothing may.",
        "place": "Where a rule of your own stands.",
    },
}


def with_meanings(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with a description for each field that has words here."""
    definitions = {name: _described(node, MEANINGS.get(name, {})) for name, node in schema.get("$defs", {}).items()}
    return {**schema, "$defs": definitions} if definitions else dict(schema)


def _described(node: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    if "properties" not in node or not words:
        return dict(node)
    fields = {key: {**value, "description": words[key]} if key in words else value for key, value in node["properties"].items()}
    return {**node, "properties": fields}
