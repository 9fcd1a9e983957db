"""What a terminal's answer to a call means: one table of the vendor's codes, one place that turns them into errors.

The HTTP status alone is never the verdict: terminals send 200 with an error inside. The sub-code decides, then the error code,
then the status code; ``statusString`` differs by firmware and language and is never looked at. Codes are from the vendor's error
list, spellings included.
"""

from __future__ import annotations

from enum import Enum, auto

import msgspec

from controller.sdk import (
    Busy,
    Conflict,
    Done,
    Full,
    Incomplete,
    Nonsense,
    NotOffered,
    ProviderError,
    Rejected,
    Scope,
    Unauthorized,
)
from providers.hikvision.isapi.answer import NotAnAnswer, Tree, number, part, text, tree
from providers.hikvision.isapi.face_codes import FACES

LOCKED_FOR = 1800.0  # seconds; the lock time seen on real terminals


class NoVerdict(ProviderError):
    """A write was answered 200 with nothing, as some firmware does. Concerns this entity alone: reading it shows what happened."""

    code = "no-verdict"
    scope = Scope.ENTITY


class Modeling(ProviderError):
    """The terminal works on a face picture and takes none meanwhile, ours perhaps: later it can be told. Concerns one face."""

    code = "face-modeling"
    scope = Scope.ENTITY


class Meaning(Enum):
    OK = auto()
    RESTART = auto()  # taken, but only after a restart in force
    EXISTS = auto()
    MISSING = auto()
    GONE = auto()  # what was to be deleted is not there: done
    CONFLICT = auto()
    FULL = auto()
    NOT_OFFERED = auto()
    REFUSED = auto()
    SEARCH_OVER = auto()
    BUSY = auto()
    MODELING = auto()  # of a face
    BROKEN = auto()
    CREDENTIALS = auto()
    NO_VERDICT = auto()


class Status(msgspec.Struct, frozen=True):
    """A ResponseStatus with the HTTP status it came under; ``code`` None when the answer held none."""

    http: int
    code: int | None = None
    sub: str = ""
    error: int | None = None
    about: str = ""  # errorMsg: often just the name of the offending field

    def __str__(self) -> str:
        words = (f"HTTP {self.http}", f"statusCode {self.code}" if self.code is not None else "", self.sub, self.about)
        return ", ".join(word for word in words if word)[:200]


_O = Meaning
_TABLE: dict[str, tuple[Meaning, int, str]] = {  # sub-code in lower case -> meaning, errorCode (0: not in the list), words
    "ok": (_O.OK, 1, ""),
    "riskpassword": (_O.OK, 0x10000002, ""),
    "allsuccess": (_O.OK, 0x80000002, ""),
    "notallsuccess": (_O.REFUSED, 0x80000001, "took only a part of it"),
    "allfailed": (_O.REFUSED, 0x80000003, "took nothing of it"),
    "nomemory": (_O.BUSY, 0x20000001, "has no memory left for the moment"),
    "serviceunavailable": (_O.BUSY, 0x20000002, "is not ready for the moment"),
    "upgrading": (_O.BUSY, 0x20000003, "is installing new firmware"),
    "devicebusy": (_O.BUSY, 0x20000004, "is busy"),
    "networkerror": (_O.BUSY, 0x20000009, "has trouble with its network"),
    "configoperating": (_O.BUSY, 0x2000000A, "is being configured by somebody else"),
    "searchtimeout": (_O.BUSY, 0x2000000E, "took too long to search"),
    "facedatamodeling": (_O.MODELING, 0x6000006A, "is still working on a face picture"),
    "deviceerror": (_O.BROKEN, 0x30000001, "reports a fault of its own"),
    "writedatabaseerror": (_O.BROKEN, 0x30000011, "could not write to its database"),
    "internalerror": (_O.BROKEN, 0x30000014, "reports a fault of its own"),
    "notsupport": (_O.NOT_OFFERED, 0x40000001, ""),
    "methodnotallowed": (_O.NOT_OFFERED, 0x40000004, ""),
    "invalidoperation": (_O.NOT_OFFERED, 0x40000006, ""),
    "badurlformat": (_O.NOT_OFFERED, 0x50000003, ""),
    "lowprivilege": (_O.CREDENTIALS, 0x40000002, "says that the account lacks the right to do this"),
    "badauthorization": (_O.CREDENTIALS, 0x40000003, "refused the name or the password"),
    "loginpassworderror": (_O.CREDENTIALS, 0x4000000C, "refused the password"),
    "notactivated": (_O.CREDENTIALS, 0x40000007, "has not been activated with a first password"),
    "usernamelocked": (_O.CREDENTIALS, 0x40001A19, "has locked the account after failed logins"),
    "deviceislocked": (_O.CREDENTIALS, 0x4000A3E9, "has locked the account after failed logins"),
    "forbiddenip": (_O.CREDENTIALS, 0x60000070, "does not accept this machine's address"),
    "maxsessionuserlink": (_O.BUSY, 0x4000000B, "has too many sessions open"),
    "deployexceedmax": (_O.BUSY, 0x60006018, "has too many subscribers"),
    "employeenoalreadyexist": (_O.EXISTS, 0x60006020, "has a person with this employee number already"),
    "deviceuseralreadyexist": (_O.EXISTS, 0x60007002, "has this person already"),
    "employeenonotexist": (_O.MISSING, 0x6000601F, "has no person with this employee number"),
    "deviceusernotexist": (_O.MISSING, 0x60007003, "has no such person"),
    "operobjectnotexist": (_O.MISSING, 0x6000600F, "does not have what was to be changed"),
    "cardnonotexist": (_O.GONE, 0x60006003, "has no such card"),
    "facedatanotexist": (_O.GONE, 0x40006012, "has no such face"),
    "deletenoexistface": (_O.GONE, 0x60006015, "has no such face"),
    "fingerprintnotexist": (_O.GONE, 0, "has no such fingerprint"),
    "cardnoalreadyexist": (_O.CONFLICT, 0x60006033, "has this card already, at another person perhaps"),
    "deviceuseralreadyexistface": (_O.EXISTS, 0x60007004, "has a face for this person already"),
    "deviceuserfull": (_O.FULL, 0x60007000, "has no room for more persons"),
    "usernumfull": (_O.FULL, 0, "has no room for more persons"),
    "userexceedlimit": (_O.FULL, 0, "has no room for more persons"),
    "devicecardfull": (_O.FULL, 0x60006008, "has no room for more cards"),
    "cardnumfull": (_O.FULL, 0, "has no room for more cards"),
    "devicefacefull": (_O.FULL, 0x60007001, "has no room for more faces"),
    "facenumfull": (_O.FULL, 0, "has no room for more faces"),
    "exceedmaxfacenumber": (_O.FULL, 0, "has no room for more faces"),
    "alreadyexistthisface": (_O.CONFLICT, 0x4000A008, "knows this face already, as somebody else"),
    "cardfullperuser": (_O.REFUSED, 0x60007005, "takes no more cards for this person"),
    "supportonemorecard": (_O.REFUSED, 0x60006014, "takes no more cards for this person"),
    "invalidsearchconditions": (_O.SEARCH_OVER, 0x6000001A, "gave up the search"),
    "badparameters": (_O.REFUSED, 0x60000001, "does not accept a value"),
    "badxmlformat": (_O.REFUSED, 0x50000001, "does not understand the request"),
    "badjsonformat": (_O.REFUSED, 0x50000002, "does not understand the request"),
    "badxmlcontent": (_O.REFUSED, 0x60000003, "does not accept a value"),
    "badjsoncontent": (_O.REFUSED, 0x60000017, "does not accept a value"),
    "messageparameterslack": (_O.REFUSED, 0x60000019, "misses something in the request"),
    "namecontainsinvalidcharcters": (_O.REFUSED, 0x6000001C, "does not accept a character of the name"),
    "nameisoverlong": (_O.REFUSED, 0x6000001D, "finds the name too long"),
    "beyondargsrangelimit": (_O.REFUSED, 0x60000025, "finds a value out of range"),
    "notsupportcharacter": (_O.REFUSED, 0x60006029, "does not accept a character"),
    "illegalemployeeno": (_O.REFUSED, 0x60006036, "does not accept this employee number"),
    "illegalcardno": (_O.REFUSED, 0x60006004, "does not accept this card number"),
    "adminusernotallowedmodify": (_O.REFUSED, 0x60006044, "does not let its administrators be changed"),
    "endtimeearlierthanbegintime": (_O.REFUSED, 0x60006048, "finds that validity ends before it begins"),
    "plannumberoverlap": (_O.REFUSED, 0x6000604A, "finds that time plans overlap"),
    "invalidid": (_O.REFUSED, 0x40001008, "does not accept a number"),
    "invalidcontent": (_O.REFUSED, 0x4000000A, "does not accept a value"),
}
_TABLE |= {sub: (_O.REFUSED, error, words) for sub, (error, words, _) in FACES.items()}
_BY_ERROR = {error: sub for sub, (_, error, _) in _TABLE.items() if error > 1}
_BY_ERROR[0x60000061] = "loginpassworderror"
_BY_CODE = {
    0: Meaning.OK, 1: Meaning.OK, 2: Meaning.BUSY, 3: Meaning.BROKEN, 4: Meaning.NOT_OFFERED,
    5: Meaning.REFUSED, 6: Meaning.REFUSED, 7: Meaning.RESTART,
}  # fmt: skip
_BY_HTTP = {
    403: Meaning.CREDENTIALS,
    404: Meaning.NOT_OFFERED,
    405: Meaning.NOT_OFFERED,
    501: Meaning.NOT_OFFERED,
    503: Meaning.BUSY,
}


ODD = "run again; if this stays so, restart the terminal and tell us its model and firmware (`trueup test` shows them)"


def status_of(http: int, tree: Tree) -> Status:
    """The ResponseStatus in an answer, flat or wrapped; without one only the HTTP status is known."""
    root = part(tree, "ResponseStatus") or tree
    code = number(root.get("statusCode"))
    sub, error = text(root.get("subStatusCode")), number(root.get("errorCode"))
    return Status(http, code, sub, error, text(root.get("errorMsg")) or text(root.get("description")))


def judge(status: Status) -> Meaning:
    """What the answer to a call means. A code that nobody knows counts as refused; a 200 without a verdict as none."""
    sub = _known(status)
    good = 200 <= status.http < 300
    if status.code is None and not sub:
        return Meaning.NO_VERDICT if good else _BY_HTTP.get(status.http, Meaning.BROKEN if status.http >= 500 else Meaning.REFUSED)
    if status.code == 7 and good:
        return Meaning.RESTART
    meaning = _TABLE[sub][0] if sub else _BY_CODE.get(status.code if status.code is not None else -1, Meaning.REFUSED)
    if meaning is Meaning.OK and not (good and _says_yes(status)):
        return _BY_CODE.get(status.code or 6, Meaning.REFUSED) if status.code not in (0, 1, None) else Meaning.BROKEN
    return meaning


def is_busy(http: int, body: bytes) -> bool:
    """Whether an answer says only that the terminal is busy, under whatever HTTP status."""
    try:
        return judge(status_of(http, tree(body))) in (Meaning.BUSY, Meaning.MODELING)
    except NotAnAnswer:
        return False


def _says_yes(status: Status) -> bool:
    """A success needs statusCode 1 (XML also 0, batches 8) and no sub-code but ``ok`` and its kin."""
    known = not status.sub or status.sub.strip().lower() in _TABLE
    return known and (status.code in (0, 1) or (status.code == 8 and _known(status) == "allsuccess"))


def _known(status: Status) -> str:
    sub = status.sub.strip().lower()
    if sub in _TABLE:
        return sub
    return _BY_ERROR.get(status.error or 0, "")


def error_for(status: Status, doing: str, *, wrote: bool) -> ProviderError | None:
    """The error that an answer means, None when all is well; ``doing`` is the call in plain words ("add person 1001").

    ``wrote``: the call was a write, so that an answer without a verdict leaves its effect unknown.
    """
    words = _TABLE[sub][2] if (sub := _known(status)) else ""
    unclear = Done.UNKNOWN if wrote else Done.NONE
    detail = str(status)
    match judge(status):
        case Meaning.OK | Meaning.RESTART:
            return None
        case Meaning.EXISTS:
            return Conflict(f"could not {doing}: the terminal {words}", code="exists", detail=detail,
                            hint="somebody added it meanwhile; the next plan looks at it again")  # fmt: skip
        case Meaning.MISSING | Meaning.GONE:
            return Rejected(f"could not {doing}: the terminal {words}", code="missing", detail=detail,
                            hint="somebody removed it meanwhile; the next plan looks at it again")  # fmt: skip
        case Meaning.CONFLICT:
            return Conflict(f"could not {doing}: the terminal {words}", code="taken", detail=detail,
                            hint="it is never taken from another person silently; remove it there first")  # fmt: skip
        case Meaning.MODELING:
            return Modeling(f"could not {doing}: the terminal {words}", detail=detail, effect=unclear,
                            hint="it is sent again by the next run; if this stays so, restart the terminal")  # fmt: skip
        case Meaning.FULL:
            return Full(f"could not {doing}: the terminal {words}", detail=detail,
                        hint="remove what is no longer needed there, then apply again")  # fmt: skip
        case Meaning.NOT_OFFERED:
            return NotOffered(f"could not {doing}: this terminal or its firmware has no such call", detail=detail,
                              hint="its firmware may be too old for this, or a right is missing")  # fmt: skip
        case Meaning.BUSY:
            return Busy(f"could not {doing}: the terminal {words or 'is busy'}", detail=detail,
                        hint="it is tried again; if this stays so, close other sessions on it or restart it")  # fmt: skip
        case Meaning.BROKEN:
            return Busy(f"could not {doing}: the terminal {words or 'reports a fault of its own'}", code="device-error",
                        detail=detail, effect=unclear, hint="if this stays so, restart it")  # fmt: skip
        case Meaning.CREDENTIALS:
            # no word on the password: whoever may log in may still lack a right, or come from a forbidden address
            hint = "check the account on the terminal; a lock lasts about 30 minutes"
            message = f"could not {doing}: the terminal {words or 'forbids it'}"
            return Unauthorized(message, detail=detail, code="not-allowed", retry_after=LOCKED_FOR, hint=hint)
        case Meaning.SEARCH_OVER:
            return Incomplete(f"could not {doing}: the terminal {words}", detail=detail,
                              hint="run again; if this stays so, restart the terminal")  # fmt: skip
        case Meaning.NO_VERDICT:
            if wrote:
                message = f"could not {doing}: the terminal's answer does not say whether it was done"
                return NoVerdict(message, detail=detail, effect=unclear, hint="plan again: it shows whether it was done")
            message = f"could not {doing}: the terminal's answer does not hold what was asked for"
            return Nonsense(message, detail=detail, hint=ODD)
        case _:
            about = f"; {FACES[sub][2]}" if sub in FACES else f" ({status.about})" if status.about else ""
            message = f"could not {doing}: the terminal {words or 'refused it'}{about}"
            return Rejected(message, code=sub or "rejected", detail=detail, hint="correct it in the source or the spec")


def worth_telling(status: Status) -> str:
    """What to tell although the call went well."""
    if judge(status) is Meaning.RESTART:
        return "the terminal took it, but asks for a restart before it is in force"
    return ""
