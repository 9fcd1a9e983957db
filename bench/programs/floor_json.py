"""The floor of a plan: json.loads both sides, put one into a dict, compare eight fields of each. Argument: the folder."""

import json
import sys

folder = sys.argv[1]
with open(f"{folder}/members.json", "rb") as file:
    desired = {one["employee_no"]: one for one in json.loads(file.read())}
differences, seen = [], set()
with open(f"{folder}/pages.jsonl", "rb") as file:
    for line in file:
        for person in json.loads(line)["UserInfoSearch"]["UserInfo"]:
            key = person["employeeNo"]
            seen.add(key)
            wish = desired.get(key)
            if wish is None:
                differences.append(("extra", person))
                continue
            valid, right = person["Valid"], person["RightPlan"][0]
            if (
                person["name"] != f"{wish['first_name']} {wish['last_name']}"
                or person["userType"] != "normal"
                or not valid["enable"]
                or valid["beginTime"] != wish["valid_from"] + "T00:00:00"
                or valid["endTime"] != wish["valid_until"] + "T23:59:59"
                or person["doorRight"] != "1"
                or right["doorNo"] != 1
                or right["planTemplateNo"] != "1"
            ):
                differences.append((wish, person))
missing = [key for key in desired if key not in seen]
print(json.dumps({"changes": len(differences) + len(missing)}))
