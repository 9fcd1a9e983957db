"""The peer: the same two sides as two DiffSync adapters, and its diff. Argument: the folder. Runs in a venv of its own."""

# mypy: ignore-errors
import json
import logging
import sys

import structlog
from diffsync import Adapter, DiffSyncModel

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


class Person(DiffSyncModel):
    _modelname = "person"
    _identifiers = ("key",)
    _attributes = ("name", "user_type", "enable", "begin", "end", "doors", "plan")
    key: str
    name: str
    user_type: str
    enable: bool
    begin: str
    end: str
    doors: str
    plan: str


class Side(Adapter):
    person = Person
    top_level = ("person",)


folder = sys.argv[1]
desired, actual = Side(), Side()
with open(f"{folder}/members.json", "rb") as file:
    for one in json.loads(file.read()):
        desired.add(
            Person(
                key=one["employee_no"],
                name=f"{one['first_name']} {one['last_name']}",
                user_type="normal",
                enable=True,
                begin=one["valid_from"] + "T00:00:00",
                end=one["valid_until"] + "T23:59:59",
                doors="1",
                plan="1",
            )
        )
with open(f"{folder}/pages.jsonl", "rb") as file:
    for line in file:
        for person in json.loads(line)["UserInfoSearch"]["UserInfo"]:
            valid = person["Valid"]
            actual.add(
                Person(
                    key=person["employeeNo"],
                    name=person["name"],
                    user_type=person["userType"],
                    enable=valid["enable"],
                    begin=valid["beginTime"],
                    end=valid["endTime"],
                    doors=person["doorRight"],
                    plan=person["RightPlan"][0]["planTemplateNo"],
                )
            )
summary = actual.diff_from(desired).summary()
print(json.dumps({"changes": summary["create"] + summary["update"] + summary["delete"]}))
