"""The floor of validate: PyYAML's C loader, and pydantic models of the same shapes. No places, no references, no duplicates.

The models are plain copies of what the specs say, so that importing them costs no more than pydantic itself. Argument: the folder.
"""

import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _share(value: object) -> float:
    return float(str(value).rstrip("%")) / 100


def _seconds(value: object) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?", str(value))
    if found is None:
        raise ValueError("no duration")
    return float(found[1])


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Template = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Share = Annotated[float, BeforeValidator(_share)]
Seconds = Annotated[float, BeforeValidator(_seconds)]


class Secret(Spec):
    env: str | None = None
    file: str | None = None
    secret: str | None = None


class Config(Spec):
    url: str
    username: str
    password: Secret
    serialNumber: str | None = None
    timezone: str | None = None
    allowBasic: bool = False
    connect: Seconds = 5.0
    read: Seconds = 15.0


class Valid(Spec):
    from_: Template | None = Field(None, alias="from")
    until: Template
    whenMissing: Literal["refuse", "forever"] = "refuse"


class Door(Spec):
    door: int = Field(ge=1)
    plan: int = Field(1, ge=1)


class Match(Spec):
    source: str
    on: Template
    take: Template


class People(Spec):
    from_: str = Field(alias="from")
    match: tuple[Match, ...] = ()
    where: dict[str, Any] = {}
    key: Template
    name: Template | None = None
    valid: Valid | None = None
    doors: tuple[Door, ...] | None = None
    cards: Template | None = None
    manage: tuple[Literal["person", "card", "valid"], ...] | None = None


class Limits(Spec):
    revoke: Share = 0.3
    grant: Share = 0.3


class Policy(Spec):
    onRemoval: Literal["delete", "expire", "keep"] = "expire"
    prune: Literal["owned", "none", "all"] = "owned"
    adopt: Literal["refuse", "matching", "all"] = "refuse"
    limits: Limits = Limits()
    pace: Seconds = 1.0
    protect: tuple[str, ...] = ()
    neverRemove: tuple[str, ...] = ()


class DeviceSpec(Spec):
    provider: Literal["hikvision"]
    config: Config
    people: tuple[People, ...]
    policy: Policy = Policy()


class JsonConfig(Spec):
    path: str
    record: str
    map: dict[str, str]


class SourceSpec(Spec):
    provider: Literal["json"]
    config: JsonConfig


class ControllerSpec(Spec):
    timezone: str
    parallelDevices: int = 16


class Metadata(Spec):
    name: str
    labels: dict[str, str] = {}


class Envelope(Spec):
    apiVersion: Literal["trueup/v1"]
    kind: Literal["Source", "Device", "Controller"]
    metadata: Metadata
    spec: dict[str, Any]


MODELS: dict[str, type[Spec]] = {"Source": SourceSpec, "Device": DeviceSpec, "Controller": ControllerSpec}
count = 0
for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
    for document in yaml.load_all(path.read_text(encoding="utf-8"), yaml.CSafeLoader):
        envelope = Envelope.model_validate(document)
        MODELS[envelope.kind].model_validate(envelope.spec)
        count += 1
print(count)
