"""What an audit rests on: the findings of a script, its plan, and what the fixes would make of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tminus.check import Finding, Fixed, Safety, Severity, check, fix
from tminus.check.codes import rule_modules
from tminus.facts import Fact, Facts
from tminus.plan import Option, Overrides, Plan, PlanError, plan_script
from tminus.plan.findings import with_plan
from tminus.plan.machines import training_function
from tminus.plan.settings import Settings
from tminus.script import ModalFunction, Script, Span

_WORST_FIRST = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True)
class Problem:
    """Everything that one rule found.

    Attributes:
        code: The rule's code.
        findings: Its findings, by place.
    """

    code: str
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity:
        """That of its worst finding."""
        return min((one.severity for one in self.findings), key=_WORST_FIRST.__getitem__)

    @property
    def sources(self) -> tuple[Fact, ...]:
        """The facts that it was held against."""
        found = {one.source.id: one.source for one in self.findings if one.source is not None}
        return tuple(found.values())


@dataclass(frozen=True)
class Evidence:
    """What check, fix and plan say of a script.

    Attributes:
        script: The script.
        facts: What it was held against.
        findings: Every finding that no comment silences, those of the plan among them.
        plan: Its plan; None where the script does not say enough for one.
        no_plan: Why there is none; empty where there is one.
        safe: What ``tminus check --fix`` makes of it.
        unsafe: What ``tminus check --fix --unsafe-fixes`` makes of it.
        rules: Codes of the rules that ran.
    """

    script: Script
    facts: Facts
    findings: tuple[Finding, ...]
    plan: Plan | None
    no_plan: str
    safe: Fixed
    unsafe: Fixed
    rules: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, facts: Facts, overrides: Overrides | None = None) -> Evidence:
        """Check and plan a script; nothing of it is run, and nothing is written.

        Raises:
            ScriptError: The script cannot be read.
        """
        script = Script.read(path)
        plan, no_plan = None, ""
        try:
            plan = plan_script(script, facts, overrides)
        except PlanError as error:
            no_plan = str(error)
        return cls(
            script=script,
            facts=facts,
            findings=tuple(check(script, facts, extend=with_plan)),
            plan=plan,
            no_plan=no_plan,
            safe=fix(script, facts),
            unsafe=fix(script, facts, (Safety.SAFE, Safety.UNSAFE)),
            rules=tuple(rule_modules()),
        )

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """The findings by rule, the worst first."""
        found: dict[str, list[Finding]] = {}
        for one in self.findings:
            found.setdefault(one.code, []).append(one)
        problems = [Problem(code, tuple(each)) for code, each in found.items()]
        return tuple(sorted(problems, key=lambda one: (_WORST_FIRST[one.severity], one.code)))

    def found(self, *codes: str) -> tuple[Finding, ...]:
        """The findings of some rules."""
        return tuple(one for one in self.findings if one.code in codes)

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(one.severity is Severity.ERROR for one in self.findings)

    @cached_property
    def planned(self) -> ModalFunction | None:
        """The function that the plan is about; None without a plan."""
        return None if self.plan is None else training_function(Settings(self.script))[0]

    @cached_property
    def running(self) -> tuple[Option, ...]:
        """Every set of machines that runs the job as the script trains it, the plan's own options first."""
        if self.plan is None:
            return ()
        method = self.plan.job.method
        found = (*self.plan.options, *self.plan.matrix)
        return tuple(one for one in found if one.runs and one.fitted.job.method == method)

    def function_at(self, span: Span) -> ModalFunction | None:
        """The function of the app that a place belongs to; None for a place outside all of them."""
        if span.path != self.script.path:
            return None
        for one in self.script.functions:
            first = min([one.decorator.line, *(each.lineno for each in one.node.decorator_list)])
            # Of a function of another file only the decorator is here.
            last = one.node.end_lineno if one.here else one.decorator.end_line
            if first <= span.line <= (last or span.line):
                return one
        return None

    def machines_of(self, function: ModalFunction | None) -> Option | None:
        """The machines on which a function would run once the errors about them are mended.

        Those that it asks for, or, where the platform refuses these, the most of the same type in as many
        containers. None where no plan says what they take and cost.
        """
        function = function or self.planned
        if function is self.planned:
            asked = next((one for one in self.running if one.asked), None)
            if asked is not None:
                return asked
        if function is None or not function.gpu_choices():
            return None
        request = function.gpu_choices()[0].request
        gpu, nodes = self.facts.gpu_of(request), function.nodes
        alike = [one for one in self.running if one.hardware.gpu is gpu and one.hardware.nodes == nodes]
        exact = [one for one in alike if one.hardware.gpus_per_node == request.count]
        return max(exact or alike, key=lambda one: one.hardware.gpus_per_node, default=None)
