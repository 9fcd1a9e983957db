"""Checks what only shows when all documents are there: names taken twice, one device declared twice, zones, patterns, and what
providers themselves object to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from controller.sdk.provider import SourceProvider, TargetProvider
from controller.spec.checks.document import Candidate
from controller.spec.checks.explain import Problem, near
from controller.spec.envelope import CONTROLLER
from controller.spec.policy import ControllerSpec
from controller.spec.resource import Resource

Found = Iterator[tuple[Candidate, Problem]]
_PORTS = {"http": 80, "https": 443}


def taken_twice(candidates: Iterable[Candidate]) -> Found:
    """Two documents with one address, and a second Controller."""
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        controller = candidate.address.kind == CONTROLLER
        name = CONTROLLER if controller else str(candidate.address)
        other = first.setdefault(name, candidate)
        if other is candidate:
            continue
        where = other.document.value("metadata", "name")
        if controller:
            yield candidate, Problem("second-controller", ("kind",), f"there is a Controller already: {where}", "Merge the two.")
        else:
            words = f"{name} is declared already: {where}"
            yield candidate, Problem("duplicate-address", ("metadata", "name"), words, "Give one of them another name.")


def shared_endpoints(candidates: Iterable[Candidate]) -> Found:
    """Two resources on one device would undo each other's work."""
    first: dict[tuple[str, int | None], Candidate] = {}
    for candidate in candidates:
        provider = candidate.provider
        if candidate.config is None or not isinstance(provider, TargetProvider):
            continue
        try:
            place = network_place(provider.endpoint(candidate.config).url)
        except ValueError:
            yield candidate, Problem("bad-url", _at(candidate, "url"), "this is no address", "For example: http://192.168.1.100")
            continue
        other = first.setdefault(place, candidate)
        if other is not candidate and other.address != candidate.address:
            words = f"{other.address} is at the same address already ({other.document.value(*_at(other, 'url'))})"
            hint = "Two resources on one device would undo each other's work: make them one, with several items in its list."
            yield candidate, Problem("shared-endpoint", _at(candidate, "url"), words, hint)


def network_place(url: str) -> tuple[str, int | None]:
    """Host and port that a URL leads to; raises ValueError when it is none."""
    parts = urlsplit(url)
    return (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme)


def zones(candidates: Iterable[Candidate], controller: ControllerSpec | None) -> Found:
    """Zones that do not exist, and resources that need one and have none. ``controller`` None: it could not be read."""
    default = controller.timezone if controller is not None else "UTC"
    for candidate in candidates:
        provider, config = candidate.provider, candidate.config
        if candidate.address.kind == CONTROLLER and isinstance(candidate.whole, ControllerSpec):
            yield from _zone_problem(candidate, candidate.whole.timezone, ("spec", "timezone"))
        if provider is None or config is None:
            continue
        zone = provider.zone(config)
        yield from _zone_problem(candidate, zone, _at(candidate, "timezone"))
        if zone is None and default is None and _needs_zone(candidate):
            words = "the time zone of the site is missing: local times are meant here, and the zone of this machine is never used"
            here = "under spec.config, or once for all " if "timezone" in type(config).model_fields else ""
            hint = f"Write `timezone: Europe/Stockholm` {here}in a document of kind Controller."
            yield candidate, Problem("missing-timezone", ("spec", "config", "timezone"), words, hint, on_key=True)


def _zone_problem(candidate: Candidate, zone: str | None, path: tuple[str, ...]) -> Found:
    if zone is not None and not is_zone(zone):
        hint = "Zones have names such as Europe/Stockholm."
        yield candidate, Problem("unknown-timezone", path, f"there is no time zone `{zone}`", hint, near(zone, zone_names()))


@cache
def is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


@cache
def zone_names() -> list[str]:
    return sorted(available_timezones())


def _needs_zone(candidate: Candidate) -> bool:
    provider = candidate.provider
    if isinstance(provider, SourceProvider):
        return provider.needs_zone(candidate.config)
    return any("valid" in type(part.mapping).model_fields for part in candidate.parts)


def patterns(candidate: Candidate) -> Iterator[Problem]:
    """Policy words that name entity kinds or fields which the provider does not have."""
    policy, provider = candidate.policy, candidate.provider
    if policy is None or not isinstance(provider, TargetProvider):
        return
    kinds = [kind.name for kind in provider.kinds]
    lists = {"protect": policy.protect, "manageAdministrators": policy.manage_administrators, "neverRemove": policy.never_remove}
    for key, texts in lists.items():
        for index, text in enumerate(texts):
            yield from _pattern_problem(("spec", "policy", key, index), text, kinds)
    fields = list(dict.fromkeys(field.name for kind in provider.kinds for field in kind.fields))
    for index, name in enumerate(policy.ignore):
        if name not in fields:
            hint = f"Fields are: {', '.join(fields)}."
            words = f"`{name}` is no field of what {provider.name} keeps"
            yield Problem("unknown-field", ("spec", "policy", "ignore", index), words, hint, near(name, fields))


def _pattern_problem(path: tuple[str | int, ...], text: str, kinds: list[str]) -> Iterator[Problem]:
    kind, slash, key = text.partition("/")
    example = f"{kinds[0] if kinds else 'person'}/1001"
    if not (kind and slash and key):
        yield Problem(
            "bad-pattern", path, "a pattern is written kind/key", f"For example: {example}, or with a star: {example[:-3]}*"
        )
    elif "*" not in kind and kind not in kinds:
        words = f"there is no `{kind}` here"
        yield Problem(
            "bad-pattern", path, words, f"What is kept here: {', '.join(kinds)}. For example: {example}", near(kind, kinds)
        )


def objections(resource: Resource) -> Iterator[Problem]:
    """What the provider says about a resource whose types are right. A source sees its config, a target the whole resource."""
    provider = resource.provider
    source = isinstance(provider, SourceProvider)
    for problem in provider.check(resource.config if source else resource):
        path = ("spec", "config", *problem.path) if source else ("spec", *problem.path)
        yield Problem("provider", path, problem.message, problem.hint, warning=problem.warning)


def settings(candidates: Iterable[Candidate]) -> ControllerSpec | None:
    """The Controller's spec, its defaults when there is none, None when there is one that could not be read."""
    found = next((c for c in candidates if c.address.kind == CONTROLLER), None)
    if found is None:
        return ControllerSpec()
    return found.whole if isinstance(found.whole, ControllerSpec) else None


def by_source(candidates: Iterable[Candidate]) -> Mapping[str, Candidate]:
    found: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.address.kind == "Source":
            found.setdefault(candidate.address.name, candidate)
    return found


def _at(candidate: Candidate, key: str) -> tuple[str, ...]:
    """The path of a config's key where it is written, else of the config."""
    config = candidate.document.data["spec"].get("config")
    return ("spec", "config", key) if isinstance(config, dict) and key in config else ("spec", "config")
