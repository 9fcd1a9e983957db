"""What an operator writes about a terminal and about the people on it; descriptions become the editor's help."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from controller.sdk import (
    Endpoint,
    Reference,
    SecretRef,
    SpecModel,
    SubjectMapping,
    Template,
    TextOrRef,
    Tls,
    Valid,
    parse_duration,
)
from controller.sdk.pictures.naming import PictureMapping
from providers.hikvision.address import TerminalAddress

UserType: TypeAlias = Literal["normal", "visitor", "blackList", "maintenance", "patient"]
CardType: TypeAlias = Literal["normalCard", "patrolCard", "hijackCard", "superCard", "dismissingCard", "emergencyCard"]
Managed: TypeAlias = Literal["person", "card", "face", "valid"]


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Seconds: TypeAlias = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(gt=0, le=300),
    WithJsonSchema({"type": "string", "pattern": r"^((\d+(\.\d+)?(ms|s|m))+)$", "examples": ["5s", "1m"]}),
]


class TlsConfig(SpecModel):
    """How the terminal's certificate is judged; most terminals sign their own."""

    mode: Literal["verify", "pin", "off"] = Field(
        "verify", description="verify: by the system's authorities; pin: exactly the certificate named in `pin`; off: not at all."
    )
    pin: str = Field("", description="SHA-256 of the certificate in hex, when mode is pin; `trueup test` shows it.")

    @model_validator(mode="after")
    def _pin_belongs_to_mode(self) -> Self:
        digits = self.pin.replace(":", "")
        if self.mode == "pin" and (len(digits) != 64 or set(digits.lower()) - set("0123456789abcdef")):
            raise ValueError("mode pin needs pin: the SHA-256 of the certificate, 64 hex digits")
        if self.mode != "pin" and self.pin:
            raise ValueError("a pin is only looked at with mode: pin")
        return self


class Timeouts(SpecModel):
    """How long the terminal may take."""

    connect: Seconds = Field(5.0, description="Time to take a connection.")
    read: Seconds = Field(15.0, description="Silence that is waited for before a call counts as failed.")


class ExtendedField(SpecModel):
    """Which of a terminal's custom person fields (PersonInfoExtends) is meant; most terminals have one."""

    position: int = Field(1, ge=1, le=16, description="Its place among the custom fields, from 1.")
    id: int | str | None = Field(
        None,
        description="Its id, where the firmware gives custom fields ids: then the one with this id is meant, wherever it stands.",
        examples=[1],
    )


class FindBy(SpecModel):
    """How a record's person is found at the terminal when the register does not know the employee number."""

    field: Literal["extended"] = Field("extended", description="The field that must hold the record's value.")
    case: Literal["exact", "ignore"] = Field(
        "exact", description="Whether capitals make a difference. For e-mail addresses: ignore.", examples=["ignore"]
    )


class HikvisionConfig(TerminalAddress):
    """One door terminal or door station, over ISAPI."""

    username: TextOrRef = Field(description="Account on the terminal.", examples=["admin"])
    password: SecretRef = Field(description="Its password, as a reference.", examples=[{"env": "IVMS_PASSWORD"}])
    timezone: str | None = Field(
        None,
        description="IANA zone of the terminal's site; default: the Controller's. A terminal judges validity by its own clock.",
        examples=["Europe/Stockholm"],
    )
    serial_number: str | None = Field(
        None,
        min_length=1,
        description="Serial number the terminal must have; default: the one seen at first contact is remembered.",
        examples=["DS-K1T671MF20240206V031800EN000000001"],
    )
    allow_basic: bool = Field(
        False, description="Answer a terminal that offers only Basic login, which sends the password readably without https."
    )
    tls: TlsConfig = Field(default_factory=TlsConfig, description="How an https certificate is judged.")
    timeouts: Timeouts = Field(default_factory=Timeouts, description="How long the terminal may take.")
    assume_plan: int = Field(
        1,
        ge=1,
        le=65535,
        description="Some firmware does not tell which time plan a door right has; this one is taken to be there then. "
        "Write the plan your persons have.",
    )
    extended_field: ExtendedField | None = Field(
        None,
        description="The custom person field that `extended` means. Left out: custom fields are neither read nor touched.",
        examples=[{"position": 1}],
    )

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (KeyError, ValueError, OSError):
                raise ValueError(f"{name!r} is not a time zone: write an IANA name such as Europe/Stockholm") from None
        return name


def endpoint(config: HikvisionConfig) -> Endpoint:
    password: Reference = config.password
    return Endpoint(
        config.address,
        config.username,
        password,
        scheme="digest",
        allow_basic=config.allow_basic,
        tls=Tls(config.tls.mode, config.tls.pin.replace(":", "").lower()),
        connect=config.timeouts.connect,
        read=config.timeouts.read,
    )


class Door(SpecModel):
    """One door that a person may open, and when."""

    door: int = Field(1, ge=1, le=256, description="Number of the door (lock) on the terminal.")
    plan: int = Field(1, ge=1, le=65535, description="Number of the time plan on the terminal; 1 is all day by factory.")


class FaceMapping(PictureMapping):
    """The person's face: where its picture is, and how it gets to the terminal."""

    send: Literal["multipart", "url"] = Field(
        "multipart",
        description="multipart: the picture is fetched here, made fit and sent. url: the terminal gets the address and downloads "
        "the picture itself, as it is; many terminals cannot.",
    )

    @model_validator(mode="after")
    def _sent_as_address(self) -> Self:
        if self.send == "url" and self.url is None:
            raise ValueError("send: url needs url: the address that the terminal downloads the picture from")
        if self.send == "url" and self.allow_hosts:
            raise ValueError("allowHosts has no meaning with send: url, because the terminal downloads the picture, not trueup")
        return self


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _as_find_by(value: Any) -> Any:
    return {"field": value} if isinstance(value, str) else value


class PeopleMapping(SubjectMapping):
    """Which records become persons of this terminal, and how."""

    key: Template | None = Field(
        None,
        description="The employee number on the terminal: at most 32 letters, digits, - and _. With `findBy` it is the number that "
        "somebody new gets, and may be left out where nobody is added.",
        examples=["{employee_no}"],
    )
    extended: Template | None = Field(
        None,
        description="Value of the custom person field that `config.extendedField` names, such as an e-mail address. Written where "
        "persons are managed; a record without a value clears it.",
        examples=["{email}"],
    )
    find_by: Annotated[FindBy, BeforeValidator(_as_find_by)] | None = Field(
        None,
        description="Find the person at the terminal by this field instead of the employee number. Two who have the same value are "
        "refused, an empty value finds nobody, and whoever was found once stays so.",
        examples=["extended", {"field": "extended", "case": "ignore"}],
    )
    name: Template | None = Field(
        None,
        description="The name on the terminal; the first template whose fields are all there.",
        examples=["{first_name} {last_name}"],
    )
    valid: Valid | None = Field(
        None,
        description="From when until when the person may enter.",
        examples=[{"from": "{valid_from}", "until": "{valid_until}"}],
    )
    doors: tuple[Door, ...] | None = Field(
        None,
        description="Doors that the person may open. Left out: door rights are not touched, and a new person has none.",
        examples=[[{"door": 1, "plan": 1}]],
    )
    cards: Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)] | None = Field(
        None,
        description="The person's card numbers: every template that is complete names one, a list field names several.",
        examples=["{card_no}", "{card_numbers}"],
        json_schema_extra={"x-trueup-template": True, "x-trueup-template-lists": True},
    )
    face: FaceMapping | None = Field(
        None,
        description="The person's face. A record without a picture declares none: one that was sent for it is removed.",
        examples=[{"url": "{photo_url}"}, {"file": "photos/{employee_no}.jpg", "revision": "{photo_updated_at}"}],
    )
    user_type: UserType = Field("normal", description="Kind of person on the terminal.")
    card_type: CardType = Field("normalCard", description="Kind of card on the terminal.")
    manage: Annotated[tuple[Managed, ...], BeforeValidator(_as_list), Field(min_length=1)] | None = Field(
        None,
        description="What is kept true. Default: persons, cards when `cards` is declared, and faces when `face` is. `[valid]`: "
        "only the validity of persons that are already there; nobody is added or removed. `[face]`: only the faces of persons "
        "that are there.",
        examples=[["person"], ["person", "card", "face"], ["valid"], ["face"]],
    )

    @property
    def managed(self) -> frozenset[str]:
        if self.manage is not None:
            return frozenset(self.manage)
        return frozenset({"person", *(("card",) if self.cards else ()), *(("face",) if self.face else ())})


def kinds_of(mapping: PeopleMapping) -> tuple[str, ...]:
    managed = mapping.managed
    return tuple(kind for kind in ("person", "card", "face") if kind in managed or (kind == "person" and "valid" in managed))
