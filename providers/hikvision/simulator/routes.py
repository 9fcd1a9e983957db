"""Which service stands at which path and which verbs it takes. Paths are compared with their case, as the vendor spells them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from controller.sdk.simulation import Answer
from providers.hikvision.simulator import capabilities, cards, faces, persons, system
from providers.hikvision.simulator.envelope import IsapiError
from providers.hikvision.simulator.request import Request
from providers.hikvision.simulator.state import Device

Handler: TypeAlias = Callable[[Device, Request], Answer]


class Route(NamedTuple):
    """One service; those that speak JSON do so only with ``?format=json``."""

    speaks_json: bool
    methods: Mapping[str, Handler]


def route_of(path: str) -> Route:
    """The service at this path, case included; raises IsapiError for an unknown one."""
    route = _ROUTES.get(path) or _NUMBERED.get(path.rpartition("/")[0])
    if route is None:
        raise IsapiError("badURLFormat")
    return route


def _json(**methods: Handler) -> Route:
    return Route(True, methods)


def _xml(**methods: Handler) -> Route:
    return Route(False, methods)


_ACCESS = "/ISAPI/AccessControl"
_FACES = "/ISAPI/Intelligent/FDLib"

_ROUTES: dict[str, Route] = {
    "/ISAPI/System/deviceInfo": _xml(GET=system.device_info),
    "/ISAPI/System/time": _xml(GET=system.time, PUT=system.set_time),
    "/ISAPI/System/status": _xml(GET=system.status),
    "/ISAPI/Security/userCheck": _xml(GET=system.user_check),
    "/ISAPI/Security/illegalLoginLock": _xml(GET=system.illegal_login_lock),
    "/ISAPI/Security/capabilities": _xml(GET=system.security_capabilities),
    f"{_ACCESS}/capabilities": _xml(GET=capabilities.device_abilities),
    f"{_ACCESS}/UserInfo/capabilities": _json(GET=capabilities.person_abilities),
    f"{_ACCESS}/UserInfo/Count": _json(GET=persons.count),
    f"{_ACCESS}/UserInfo/Search": _json(POST=persons.search),
    f"{_ACCESS}/UserInfo/Record": _json(POST=persons.record),
    f"{_ACCESS}/UserInfo/Modify": _json(PUT=persons.modify),
    f"{_ACCESS}/UserInfo/SetUp": _json(PUT=persons.set_up),
    f"{_ACCESS}/UserInfo/Delete": _json(PUT=persons.delete),
    f"{_ACCESS}/UserInfoDetail/Delete": _json(PUT=persons.detail_delete),
    f"{_ACCESS}/UserInfoDetail/DeleteProcess": _json(GET=persons.detail_delete_process),
    f"{_ACCESS}/CardInfo/capabilities": _json(GET=capabilities.card_abilities),
    f"{_ACCESS}/CardInfo/Count": _json(GET=cards.count),
    f"{_ACCESS}/CardInfo/Search": _json(POST=cards.search),
    f"{_ACCESS}/CardInfo/Record": _json(POST=cards.record),
    f"{_ACCESS}/CardInfo/Modify": _json(PUT=cards.modify),
    f"{_ACCESS}/CardInfo/SetUp": _json(PUT=cards.set_up),
    f"{_ACCESS}/CardInfo/Delete": _json(PUT=cards.delete),
    f"{_ACCESS}/AcsEvent": _json(POST=system.events),
    f"{_ACCESS}/UserAndRight/PwMgrParams": _json(GET=system.pin_mode),
    _FACES: _json(GET=faces.libraries, DELETE=faces.wipe),
    f"{_FACES}/capabilities": _json(GET=faces.capabilities),
    f"{_FACES}/Count": _json(GET=faces.count),
    f"{_FACES}/FaceDataRecord": _json(POST=faces.record),
    f"{_FACES}/FDSetUp": _json(PUT=faces.set_up),
    f"{_FACES}/FDModify": _json(PUT=faces.modify),
    f"{_FACES}/FDSearch": _json(POST=faces.search),
    f"{_FACES}/FDSearch/Delete": _json(PUT=faces.delete),
    f"{_FACES}/FDDelete": _json(PUT=faces.fd_delete),
}

_NUMBERED: dict[str, Route] = {
    f"{_ACCESS}/RemoteControl/door": _xml(PUT=system.control_door),
    f"{_ACCESS}/UserRightPlanTemplate": _json(GET=system.plan_template),
}
