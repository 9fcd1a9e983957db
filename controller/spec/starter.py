"""The commented files that ``trueup init`` writes: a first workspace that is valid as it is and explains itself."""

from __future__ import annotations

from pathlib import Path

from controller.model.errors import UsageError

_SETTINGS = """\
# yaml-language-server: $schema=../schemas/trueup.json
#
# Settings of the whole workspace. There is at most one Controller.
apiVersion: trueup/v1
kind: Controller
metadata: {name: main}
spec:
  # Times at the doors are local times of this zone. trueup never takes the zone of the machine it runs on.
  timezone: Europe/Stockholm
  # What every door has when it does not say it itself; `profiles` are the same by name (`profile: careful` in a spec).
  # defaults:
  #   hikvision: {config: {username: admin}, policy: {pace: 1s}}
"""

_MEMBERS = """\
# yaml-language-server: $schema=../schemas/trueup.json
#
# Where people come from. A source only reads.
apiVersion: trueup/v1
kind: Source
metadata: {name: members}
spec:
  provider: csv
  config:
    path: ../data/members.csv        # relative to this file
    record: person
    key: employee_no                 # what tells one person from another
    map:                             # field: column of the file. Columns that are called like a field need no entry.
      employee_no: number
# A membership register instead of a file: replace `spec` by
#   provider: cardskipper
#   config:
#     organizationId: 123
#     username: {env: CARDSKIPPER_USERNAME}
#     password: {env: CARDSKIPPER_PASSWORD}
"""

_DOORS = """\
# yaml-language-server: $schema=../schemas/trueup.json
#
# What is to be made true. `trueup plan` shows what differs, `trueup apply` changes it.
apiVersion: trueup/v1
kind: Device
metadata: {name: front-door, labels: {site: gym}}
spec:
  provider: hikvision
  config:
    url: http://192.168.1.100
    username: admin
    # Secrets never stand here: {secret: NAME} after `trueup secrets set NAME`, or {env: NAME}, or {file: PATH}.
    password: {secret: door-password}
  people:                            # a list: several sources may feed one door
    - from: members
      where: {active: true}          # equals | in | not | exists | lt | lte | gt | gte | any
      key: "{employee_no}"
      name: ["{first_name} {last_name}", "{full_name}"]    # the first whose fields are all there
      # Who has no end of validity is refused, not let in for ever; `until: forever` would be for ever.
      valid: {from: "{valid_from}", until: "{valid_until}", whenMissing: refuse}
      doors: [{door: 1, plan: 1}]
  policy:
    onRemoval: expire                # who is no longer declared: expire (stays, without access) | delete | keep
    # neverRemove: [person/9*]       # who is never deleted or barred, whatever a source says; outlives this file
    pace: 1s                         # least time between two calls
    limits: {revoke: 30%, grant: 30%}    # a run that would change more stops and asks
# Many doors are a table and one document (see examples/terminals): under spec,
#   forEach: {source: terminals, key: "{id}", allowNetworks: [192.168.1.0/24]}
#   config: {url: {each: url}, password: {each: password}}
"""

_DATA = """\
number,first_name,last_name,email,active,valid_from,valid_until
1001,Åsa,Öberg,asa.oberg@example.org,true,2026-01-01,2027-12-31
1002,Miloš,Žižka,milos.zizka@example.org,true,2026-01-01,2027-12-31
1003,Siobhán,O'Brien,siobhan.obrien@example.org,false,2025-01-01,2026-06-30
"""

STARTER = {
    "specs/controller.yaml": _SETTINGS,
    "specs/sources.yaml": _MEMBERS,
    "specs/doors.yaml": _DOORS,
    "data/members.csv": _DATA,
}
"""The files by their path below the workspace's folder."""


def write_starter(folder: Path) -> list[Path]:
    """Write the starter below ``folder``; the files written. Raises UsageError, writing nothing, when one of them is there."""
    there = [name for name in STARTER if (folder / name).exists()]
    if there:
        raise UsageError(f"{', '.join(there)} in {folder} would be overwritten", hint="Choose an empty folder, or move them away.")
    written = []
    for name, text in STARTER.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
