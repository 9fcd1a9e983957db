"""A selection that nothing answers to is told, not silently obeyed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from controller.model.errors import UsageError
from controller.model.scope import Scope
from controller.runtime.selection import must_mean_something
from controller.spec.load import load_specs
from controller.spec.resource import Specs
from controller.spec.starter import write_starter

pytestmark = pytest.mark.anyio


@pytest.fixture
def specs(tmp_path: Path) -> Specs:
    write_starter(tmp_path)
    return load_specs([tmp_path / "specs"])


async def judged(scope: Scope, specs: Specs, owned: Iterable[str] = ()) -> str:
    """What is said about the selection; nothing when it is fine."""

    async def known() -> Iterable[str]:
        return owned

    try:
        await must_mean_something(scope, specs, known)
    except UsageError as error:
        return f"{error.message} / {error.hint}"
    return ""


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(only=("person", "card")),
        Scope(targets=("Device/front-door:person/1001",)),
        Scope(excludes=("Device/*:person/9",)),
        Scope(labels=("site=gym",)),
    ],
)
async def test_a_selection_of_what_there_is_is_fine(specs: Specs, scope: Scope) -> None:
    assert await judged(scope, specs) == ""


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (Scope(only=("persons",)), "--only persons: there is no such kind of entity"),
        (Scope(excludes=("Device/frontdoor",)), "nothing declared matches --exclude Device/frontdoor"),
        (Scope(targets=("Device/front-door", "Device/gym")), "nothing declared matches --target Device/gym"),
        (Scope(labels=("site=gim",)), "nothing declared matches --label site=gim"),
        (Scope(excludes=("Device/*",)), "nothing is left of what is declared with --exclude Device/*"),
    ],
)
async def test_a_slip_of_the_pen_in_a_selection_is_refused(specs: Specs, scope: Scope, said: str) -> None:
    assert (await judged(scope, specs)).startswith((f"{said} / there are: ", f"{said} / did you mean "))


async def test_a_source_is_no_target(specs: Specs) -> None:
    assert await judged(Scope(targets=("Source/members",)), specs) == (
        "nothing declared matches --target Source/members / there are: Device/front-door"
    )


async def test_what_left_the_specs_may_still_be_excluded_but_not_be_the_whole_selection(specs: Specs) -> None:
    assert await judged(Scope(excludes=("Device/old",)), specs, ["Device/old"]) == ""
    assert "nothing declared matches" in await judged(Scope(targets=("Device/old",)), specs, ["Device/old"])


async def test_the_last_target_may_leave_the_specs(tmp_path: Path, specs: Specs) -> None:
    (tmp_path / "specs" / "doors.yaml").unlink()
    alone = load_specs([tmp_path / "specs"])
    assert await judged(Scope(), alone, ["Device/front-door"]) == ""
    assert (await judged(Scope(), alone)).startswith("no target is declared / declare one first")
