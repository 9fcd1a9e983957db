"""What a provider remarks on a resource without objecting: told where its target is looked at, and above all where that fails."""

from __future__ import annotations

from controller.sdk.provider import TargetProvider
from controller.spec.resource import Resource


def remarks(resource: Resource) -> tuple[str, ...]:
    """In words, each with what to look at."""
    if not isinstance(resource.provider, TargetProvider):
        return ()
    warnings = (problem for problem in resource.provider.check(resource) if problem.warning)
    return tuple(f"{warning.message}; {warning.hint}" if warning.hint else warning.message for warning in warnings)


def with_remarks(resource: Resource, hint: str) -> str:
    """What to do about a failure, with what may be its reason first."""
    return "; ".join((*remarks(resource), *([hint] if hint else [])))
