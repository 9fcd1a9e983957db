"""``dependsOn``: which resources wait for which, in plans and while applying. Pure; that there are no rings is checked before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controller.spec.resource import Resource, Specs


def needs_of(specs: Specs) -> dict[str, tuple[str, ...]]:
    """Address to the addresses that it waits for; empty when nobody waits. Who waits for a document with ``forEach`` waits for all
    that it makes, and for the document itself, which stands for them while its records are unknown."""
    waiting = {str(r.address): r.depends_on for r in specs.targets if r.depends_on}
    if not waiting:
        return {}
    made = [str(r.address) for r in specs.targets if "@" in r.address.name]
    return {
        address: tuple(n for need in needs for n in (need, *(m for m in made if m.startswith(f"{need}@"))) if n != address)
        for address, needs in waiting.items()
    }


def in_order(resources: Sequence[Resource], needs: Mapping[str, Sequence[str]]) -> list[Resource]:
    """The resources with those that others wait for first, otherwise as they were."""
    if not needs:
        return list(resources)
    by_address = {str(r.address): r for r in resources}
    done: dict[str, Resource] = {}

    def add(address: str) -> None:
        if address in done or address not in by_address:
            return
        for need in needs.get(address, ()):
            add(need)
        done.setdefault(address, by_address[address])

    for address in by_address:
        add(address)
    return list(done.values())


def blocked(order: Sequence[str], needs: Mapping[str, Sequence[str]], parked: Mapping[str, str]) -> dict[str, str]:
    """Who is skipped because something that it waits for is parked, with the reason. ``order`` has needs before who waits."""
    reasons: dict[str, str] = {}
    for address in order:
        for need in needs.get(address, ()):
            if address not in parked and (why := parked.get(need) or reasons.get(need)):
                reasons[address] = f"skipped: it waits for {need}, which was left alone ({why})"
                break
    return reasons
