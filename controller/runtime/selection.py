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
            meant = pattern.partition(":")[0]
            raise UsageError(f"nothing declared matches {flag} {meant}", hint=existing(targets, meant))


def _must_be_kinds(only: Iterable[str], targets: Sequence[Resource]) -> None:
    kinds = {kind.name for r in targets if isinstance(r.provider, TargetProvider) for kind in r.provider.kinds}
    for word in only:
        if word not in kinds:
            raise UsageError(f"--only {word}: there is no such kind of entity", hint=f"there are: {', '.join(sorted(kinds))}")


def must_allow_something(allow: Iterable[str], specs: Specs, owned: Iterable[str]) -> None:
    """Raise UsageError for an allowance about something that is not there: it would allow nothing, and nobody would notice.
    What records make is not known yet, so where there are such documents every address may be meant."""
    known = {*map(str, specs.by_address), *owned, *(str(resource.address) for resource in specs.departed)}
    for text in allow:
        rule, _, about = text.partition(":")
        about = about.partition("=")[0]
        if rule.startswith("source-") and about not in specs.sources:
            hint = existing([*specs.sources.values()], f"Source/{about}")
            raise UsageError(f"--allow {text}: there is no source {about}", hint=hint)
        if "/" in about and about not in known and not specs.generators:
            raise UsageError(f"--allow {text}: there is no resource {about}", hint=existing(specs.targets, about))


def existing(resources: Sequence[Resource], meant: str = "") -> str:
    """The hint that names what there is, what may have been meant first."""
    names = [str(resource.address) for resource in resources]
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    close = _close(meant, names)
    asked = f"did you mean {close}? There are: {shown}" if close else f"there are: {shown}"
    return asked if names else "declare one first: `trueup init` writes a commented start"


def _close(meant: str, names: Sequence[str]) -> str:
    """The one name that is written nearly like this, with or without its kind."""
    from difflib import get_close_matches

    by_name = {name.partition("/")[2]: name for name in names} | {name: name for name in names}
    found = get_close_matches(meant, by_name, n=1, cutoff=0.75)
    return by_name[found[0]] if found else ""
