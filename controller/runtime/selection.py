"""Whether a selection means something; a slip of the pen would cover too little, or spare nothing, and go unnoticed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from controller.model.address import Address, Pattern
from controller.model.errors import UsageError
from controller.model.scope import Scope
from controller.sdk.provider import TargetProvider
from controller.spec.resource import Resource, Specs


async def must_mean_something(scope: Scope, specs: Specs, owned: Callable[[], Awaitable[Iterable[str]]]) -> None:
    """Raise UsageError for a part of the selection that nothing answers to. ``owned`` tells the resources with something of
    ours, which may be declared no more: a typo is told from a resource that left the specs."""
    targets = specs.targets
    if scope.targets or scope.excludes or not targets:
        addresses = [*(r.address for r in targets), *map(Address.parse, await owned())]
        if scope.everything and addresses:
            return  # all that was declared has left the specs; what becomes of it is for the plan to say
        _must_be_met("--target", scope.targets, addresses, targets)
        _must_be_met("--exclude", scope.excludes, addresses, targets)
    _must_be_kinds(scope.only, targets)
    if not any(scope.covers_resource(r.address, r.labels) for r in targets):
        raise UsageError(_nothing(scope), hint=existing(targets))


def _nothing(scope: Scope) -> str:
    given = " ".join(words.partition(":")[0] for words in scope.words())  # resources only: what follows may be a card number
    if not given:
        return "no target is declared"
    return f"nothing is left of what is declared with {given}" if scope.excludes else f"nothing declared matches {given}"


def _must_be_met(flag: str, patterns: Iterable[str], addresses: Sequence[Address], targets: Sequence[Resource]) -> None:
    for pattern in patterns:
        if not any(Pattern(pattern).covers_resource(address) for address in addresses):
            raise UsageError(f"nothing declared matches {flag} {pattern.partition(':')[0]}", hint=existing(targets))


def _must_be_kinds(only: Iterable[str], targets: Sequence[Resource]) -> None:
    kinds = {kind.name for r in targets if isinstance(r.provider, TargetProvider) for kind in r.provider.kinds}
    for word in only:
        if word not in kinds:
            raise UsageError(f"--only {word}: there is no such kind of entity", hint=f"there are: {', '.join(sorted(kinds))}")


def existing(resources: Sequence[Resource]) -> str:
    """The hint that names what there is."""
    names = [str(resource.address) for resource in resources]
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return f"there are: {shown}" if names else "declare one first: `trueup init` writes a commented start"
