"""The inventory: what goes in comes out, in bulk and by every question the engine asks."""

from __future__ import annotations

import pytest

from controller.state.rows import OwnedRow
from controller.state.store import State

pytestmark = pytest.mark.anyio

DOOR = "Device/front-door"
WHOLE = OwnedRow(
    DOOR, "person", "1001", "owned", True, True, "remote-7", "1001", "Åsa Öberg", {"name": "f1", "valid": "f2"}, ("valid",),
    "members", "900001", "run-1", "2026-11-22T12:00:00Z", (("partners", "7"),),
)  # fmt: skip


async def test_a_row_comes_back_as_it_was_written(state: State) -> None:
    plain = OwnedRow(DOOR, "card", "token")
    await state.inventory.upsert([WHOLE, plain])
    assert await state.inventory.load(DOOR, "person", ["1001", "absent"]) == {"1001": WHOLE}
    assert await state.inventory.everything(DOOR) == {"person": {"1001": WHOLE}, "card": {"token": plain}}


async def test_writing_again_replaces_the_row(state: State) -> None:
    await state.inventory.upsert([WHOLE])
    await state.inventory.upsert([OwnedRow(DOOR, "person", "1001")])
    assert await state.inventory.load(DOOR, "person", ["1001"]) == {"1001": OwnedRow(DOOR, "person", "1001")}


async def test_the_index_holds_one_kind_of_one_resource(state: State) -> None:
    await state.inventory.upsert(
        [
            WHOLE,
            OwnedRow(DOOR, "person", '"1002" \\ åé\n', "pending"),
            OwnedRow(DOOR, "card", "1"),
            OwnedRow("Device/back-door", "person", "1003"),
        ]
    )
    assert await state.inventory.index(DOOR, "person") == {"1001": "owned", '"1002" \\ åé\n': "pending"}
    assert await state.inventory.index("Device/nowhere", "person") == {}
    assert await state.inventory.tombstones(DOOR, "person") == {"1001"}


async def test_thousands_of_rows_are_loaded_in_batches(state: State) -> None:
    rows = [OwnedRow(DOOR, "person", f"k'{n}", label=str(n)) for n in range(12_000)]
    await state.inventory.upsert(rows)
    found = await state.inventory.load(DOOR, "person", (row.key for row in rows))
    assert len(found) == 12_000
    assert found["k'11999"].label == "11999"
    assert await state.inventory.load(DOOR, "person", []) == {}


async def test_what_a_record_made_is_found_again(state: State) -> None:
    await state.inventory.upsert([WHOLE, OwnedRow(DOOR, "card", "c", source="members", record="900001")])
    assert await state.inventory.by_record(DOOR, "members", "900001") == [("card", "c"), ("person", "1001")]
    assert await state.inventory.by_record(DOOR, "table", "900001") == []


async def test_remote_ids_lead_to_keys_where_the_target_gave_one(state: State) -> None:
    await state.inventory.upsert([WHOLE, OwnedRow(DOOR, "person", "1002")])
    assert await state.inventory.by_remote_id(DOOR, "person") == {"remote-7": "1001"}


async def test_counts_and_resources_tell_what_is_owned_where(state: State) -> None:
    await state.inventory.upsert([WHOLE, OwnedRow(DOOR, "card", "c"), OwnedRow("Device/back-door", "card", "c")])
    assert await state.inventory.counts() == {DOOR: {"card": 1, "person": 1}, "Device/back-door": {"card": 1}}
    assert await state.inventory.resources() == ["Device/back-door", DOOR]


async def test_removing_takes_these_keys_only(state: State) -> None:
    await state.inventory.upsert([WHOLE, OwnedRow(DOOR, "person", "1002"), OwnedRow(DOOR, "card", "1001")])
    await state.inventory.remove(DOOR, "person", ["1001", "absent"])
    assert await state.inventory.counts() == {DOOR: {"card": 1, "person": 1}}


async def test_forgetting_a_resource_says_how_much_it_was(state: State) -> None:
    await state.inventory.upsert([WHOLE, OwnedRow("Device/back-door", "card", "c")])
    assert await state.inventory.forget_resource(DOOR) == 1
    assert await state.inventory.resources() == ["Device/back-door"]
