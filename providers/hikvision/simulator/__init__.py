"""A Hikvision access terminal with memory, as an ASGI app: what the provider is tested and demonstrated against.

Never kinder than a real terminal: strict content types and verbs, recorded errors, a lock after five failed logins. Source: facts
on Hikvision terminals, all sections. Never imported by provider.py or client.py.
"""

from providers.hikvision.simulator.profiles import DEFAULT_PROFILE, PROFILES, Profile, Quirks
from providers.hikvision.simulator.state import Device
from providers.hikvision.simulator.terminal import Terminal, simulate

SIMULATOR = simulate

__all__ = ["DEFAULT_PROFILE", "PROFILES", "SIMULATOR", "Device", "Profile", "Quirks", "Terminal", "simulate"]
