"""What can go wrong on a wire, by name: each switches a simulator's faults until they are cleared."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controller.sdk.simulation import Faults

HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form><input type=password></form></body></html>"

BROKEN: Mapping[str, Callable[[Faults], object]] = {
    "a server error": lambda faults: faults.status(500, None, body=b"Internal Server Error"),
    "a web page instead of data": lambda faults: faults.status(200, None, body=HTML),
    "a web page with an error": lambda faults: faults.status(502, None, body=HTML),
    "nothing in an answer that says yes": lambda faults: faults.status(200, None, body=b""),
    "bytes that mean nothing": lambda faults: faults.status(200, None, body=b"\x00\xff\xfe{<[" * 50),
    "half of every answer": lambda faults: faults.truncate(None),
    "closed connections": lambda faults: faults.close(None),
    "no answer in time": lambda faults: faults.slow(1.2, None),
    "always busy": lambda faults: faults.throttle(1, None),
    "not there": lambda faults: faults.status(404, None, body=b"Not Found"),
    "no right": lambda faults: faults.status(403, None, body=b"Forbidden"),
}
