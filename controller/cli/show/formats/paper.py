"""A plan with what every format for pipelines says beside it: its digest, where its resources are declared, what comes next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from controller.cli.show.layout import STANDARD, View
from controller.cli.show.plan_end import again, zone_words
from controller.cli.show.words import counted, moment, number
from controller.engine.review.meaning import digest_of
from controller.model.change import Change, Condition, Limit, Notice, Plan, Verdict
from controller.model.diagnostic import Place


@dataclass(frozen=True)
class Paper:
    """``places`` leads from a resource's address to its spec; ``saved`` is the file that the plan was written to."""

    plan: Plan
    view: View = STANDARD
    places: Mapping[str, Place] = field(default_factory=dict)
    saved: str = ""

    @cached_property
    def digest(self) -> str:
        return digest_of(self.plan)

    @cached_property
    def by_resource(self) -> Mapping[str, list[Change]]:
        found: dict[str, list[Change]] = defaultdict(list)
        for change in self.plan.changes:
            found[change.resource].append(change)
        return found

    @cached_property
    def limits(self) -> Mapping[str, list[Limit]]:
        found: dict[str, list[Limit]] = defaultdict(list)
        for limit in self.plan.limits:
            found[limit.resource].append(limit)
        return found

    @cached_property
    def warned(self) -> list[Notice]:
        return [notice for notice in self.plan.notices if notice.verdict is Verdict.WARNED]

    @cached_property
    def left_alone(self) -> list[Notice]:
        return [notice for notice in self.plan.notices if notice.verdict is not Verdict.WARNED]

    @property
    def title(self) -> str:
        plan = self.plan
        resources = counted(len(plan.resources), "resource")
        if plan.changes:
            return f"{counted(len(plan.changes), 'change')} on {number(len(self.by_resource))} of {resources}"
        parked = sum(summary.condition is Condition.PARKED for summary in plan.resources)
        if parked:
            return f"no changes planned; {number(parked)} of {resources} could not be judged"
        return f"no changes: nothing to do on {resources}"

    @property
    def times(self) -> str:
        made, expires = (moment(text, self.view.zone) for text in (self.plan.made, self.plan.expires))
        return f"made {made}, holds until {expires}{zone_words(self.view)}"

    @property
    def command(self) -> str:
        """What to type to do exactly what was reviewed; empty when it cannot be applied."""
        if self.plan.offline or self.plan.limits or not self.plan.changes:
            return ""
        what = f"apply {self.saved}" if self.saved else again("apply", self.plan)
        return self.view.command(f"{what} --reviewed {self.digest}")
