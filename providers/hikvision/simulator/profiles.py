"""How terminals differ: the switches of one device's behaviour and the limits of the models that were recorded.

Source: facts on Hikvision terminals, sections 3.5 (capability values by model), 3.6 to 3.9 and 5 (switches). A value that was
not recorded for a model is that of a neighbouring model, never a wider one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

AuthStyle = Literal["old", "new", "basic+digest", "sha256", "basic"]


@dataclass
class Quirks:
    """The switches, which may be turned while the terminal runs. Times in seconds, counts in calls.

    Defaults: a well-behaved terminal that merges on Modify.
    """

    auth_style: AuthStyle = "new"
    nonce_uses: int = 0  # 0: no bound
    nonce_ttl: float = 0.0  # 0: for ever
    no_challenge: bool = False  # a dead nonce is answered 401 without a new challenge
    nonce_binds_url: bool = False
    strict_nonce_count: bool = False  # a nonce count that does not grow is refused
    basic_counts: bool = False  # Basic where it is not offered counts as a failed login
    dead_nonce_counts: bool = False

    busy: int = 0
    busy_status: Literal[200, 400, 401, 503] = 200  # 401: without a challenge and without a body

    more_forever: bool = False
    ignore_filter: bool = False
    over_limit: Literal["clip", "refuse"] = "clip"  # maxResults above the cap
    object_for_one: bool = False
    total_changes: bool = False
    odd_words: bool = False
    search_absent: bool = False

    modify: Literal["merge", "replace"] = "merge"
    rightplan_empty: bool = False
    utc_reads_local: bool = False
    permanent_bounds: bool = False
    any_name_characters: bool = False
    pin_readable: bool = False

    types_as_strings: bool = False
    opt_as_list: bool = False
    xml_namespace: str = "http://www.isapi.org/ver20/XMLSchema"
    blank_before_xml: bool = False
    nul_after: bool = False
    null_body: bool = False
    empty_200: bool = False
    wrapped_status: bool = False
    error_with_200: bool = False
    xml_for_json: bool = False  # JSON services answer in XML
    typed_get_refused: bool = False  # a GET without a body but with a JSON Content-Type

    no_extends: bool = False  # no custom person fields: not listed, not sent, refused when written
    extends_ids: bool = False  # custom fields are sent with an id, from 1

    no_setup: bool = False
    no_delete: bool = False  # persons go only with UserInfoDetail/Delete
    no_fdlib_get: bool = False
    fddelete_only: bool = False
    no_fdsearch: bool = False  # the face library cannot be listed
    part_names: str = ""  # the one pair of names that an upload's parts may have: faceURL+FaceDataRecord
    keeps_faces: bool = False  # deleting a person leaves its face in the library
    face_count_lag: int = 0  # so many searches for persons still show the old numOfFace after a face was written
    no_face_count: bool = False  # persons do not show how many faces they have
    post_only_faces: bool = False
    no_system_status: bool = False
    flat_count: bool = False

    oversize_misleading: bool = False
    modeling_delay: int = 0  # so many face writes are answered faceDataModeling
    detail_delete_slow: int = 0  # so many polls say processing
    detail_delete_fails: bool = False
    delete_empty_list_wipes: bool = False
    accept_numbers: bool = False  # numeric employeeNo and FPID
    reboot_required: bool = False  # a write is taken and answered statusCode 7

    drop_keepalive: bool = False
    slow: float = 0.0
    close_mid_body: int = 0
    lose_answer: int = 0

    def switched(self, names: Iterable[str]) -> Quirks:
        """With more switches, as on a command line: ``more-forever``, ``nonce-uses=2``, ``modify=replace``.

        Raises ValueError for a name or value that is none.
        """
        return replace(self, **dict(self._parsed(name) for name in names))

    def _parsed(self, text: str) -> tuple[str, Any]:
        name, given, value = text.partition("=")
        key = name.strip().replace("-", "_")
        if key not in {one.name for one in fields(self)}:
            known = ", ".join(one.name.replace("_", "-") for one in fields(self))
            raise ValueError(f"no such quirk: {name.strip()} (there are: {known})")
        default = getattr(Quirks, key)
        if isinstance(default, bool):
            return key, value.strip() in ("true", "1", "yes") if given else True
        return key, type(default)(value.strip())


@dataclass(frozen=True)
class Profile:
    """The limits of one model, as its capabilities announce them. Lengths of names are bytes of UTF-8."""

    model: str
    firmware: str = "V3.18.0"
    released: str = "build 240206"
    persons: int = 1500
    cards: int = 3000
    faces: int = 1500  # 0: it has no face library
    cards_per_person: int = 5  # 255: no limit
    announces_cards_per_person: bool = True
    page: int = 30  # maxResults, EmployeeNoList and DelCond lists
    name_bytes: int = 128
    employee_no: int = 32
    digits_only: bool = False
    user_types: tuple[str, ...] = ("normal", "visitor", "blackList")
    time_types: tuple[str, ...] = ("local", "UTC")
    begin: str = "2000-01-01T00:00:00"
    end: str = "2037-12-31T23:59:59"
    announces_range: bool = True
    doors: int = 1
    right_plans: int = 1  # entries of RightPlan, whatever the number of doors
    plan_templates: int = 255
    pin: tuple[int, int] = (4, 8)
    extends: int = 1  # slots of PersonInfoExtends
    card_no: int = 20
    card_types: tuple[str, ...] = (
        "normalCard", "patrolCard", "hijackCard", "superCard", "dismissingCard", "emergencyCard",
    )  # fmt: skip
    detail_delete: bool = True
    quirks: Quirks = field(default_factory=Quirks)


DEFAULT_PROFILE = "DS-K1T341AM"

PROFILES: dict[str, Profile] = {
    profile.model: profile
    for profile in (
        Profile("DS-K1T341AM", persons=3000, cards=3000, faces=1500, quirks=Quirks(flat_count=True)),
        Profile("DS-K1T341AMF", persons=3000, cards=3000, faces=1500, quirks=Quirks(flat_count=True, fddelete_only=True)),
        Profile(
            "DS-K1A340FWX",
            persons=3000,
            time_types=("local",),
            quirks=Quirks(auth_style="old", no_fdlib_get=True, no_system_status=True),
        ),
        Profile(
            "DS-KV6124-E1",
            firmware="V3.9.0",
            persons=2000,
            cards=6000,
            faces=2000,
            name_bytes=32,
            user_types=("normal",),
            announces_range=False,
            doors=2,
            extends=0,
            card_types=("normalCard",),
            quirks=Quirks(
                nonce_uses=2, no_challenge=True, rightplan_empty=True, utc_reads_local=True, permanent_bounds=True
            ),
        ),
        Profile(
            "KV9503",
            persons=20000,
            cards=100000,
            faces=20000,
            quirks=Quirks(nonce_ttl=30.0, post_only_faces=True),
        ),
        Profile("K1T342MFX", quirks=Quirks(over_limit="refuse")),
        Profile(
            "DS-K1T342MFWX-E1", firmware="V3.16.1", quirks=Quirks(nonce_ttl=30.0, no_challenge=True, over_limit="refuse")
        ),
        Profile("K1T671M-L", persons=10000, cards=10000, faces=10000),
        Profile("K1T673DX", persons=50000, cards=50000, faces=50000, quirks=Quirks(types_as_strings=True)),
    )
}  # fmt: skip


def profile_named(name: str) -> Profile:
    """The profile of a model; raises ValueError naming those that exist."""
    if name not in PROFILES:
        raise ValueError(f"no profile of a terminal {name} (there are: {', '.join(PROFILES)})")
    return PROFILES[name]
