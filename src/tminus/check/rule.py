"""The registry of rules: one rule, one function, one page."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from tminus.check.codes import rule_modules
from tminus.check.finding import Finding, Fix, Severity
from tminus.facts import Fact, Facts, standing
from tminus.script import Script, Span


@dataclass(frozen=True)
class Report:
    """What a rule yields: a finding without the rule's own particulars."""

    span: Span
    message: str
    source: Fact | None = None
    fix: Fix | None = None
    advice: str = ""
    severity: Severity | None = None
    """Its own severity, where it differs from the rule's."""


RuleFunction = Callable[[Script, Facts], Iterable[Report]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its stable code, its name, and the function that looks for it.

    Attributes:
        code: Stable code, such as ``TM101``.
        name: Name in words, such as ``gpu-count-over-limit``.
        severity: Severity of its findings.
        function: What looks for it, a `RuleFunction` for all but the rules about the tool's own comments;
            its docstring is the rule's page.
    """

    code: str
    name: str
    severity: Severity
    function: Callable[..., Iterable[Report]]

    @property
    def page(self) -> str:
        """The rule's page, in Markdown."""
        import inspect

        return inspect.getdoc(self.function) or ""

    def check(self, script: Script, facts: Facts) -> Iterator[Finding]:
        """Findings of this rule in a script.

        An error whose source is old or contradicted becomes a warning, and its message says why.
        """
        for report in self.function(script, facts):
            found = self.finding(report)
            if found.severity is Severity.ERROR and found.source is not None:
                stands = standing(found.source, facts.today)
                if stands.weak:
                    message = f"{found.message.removesuffix('.')}. {stands.why}"
                    found = replace(found, severity=Severity.WARNING, message=message)
            yield found

    def finding(self, report: Report) -> Finding:
        """A report as a finding of this rule."""
        return Finding(
            self.code,
            self.name,
            report.severity or self.severity,
            report.span,
            report.message,
            report.source,
            report.fix,
            report.advice,
        )


_rules: dict[str, Rule] = {}


def rule(code: str, name: str, severity: Severity) -> Callable[[RuleFunction], RuleFunction]:
    """Register a function as the rule of that code."""

    def register(function: RuleFunction) -> RuleFunction:
        if code in _rules:
            raise ValueError(f"two rules have the code {code}")
        _rules[code] = Rule(code, name, severity, function)
        return function

    return register


def load_rule(code: str) -> Rule:
    """The rule of the package with that code; loads its module."""
    if code not in _rules:
        importlib.import_module(f"tminus.check.rules.{rule_modules()[code]}")
    return _rules[code]


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of the package, by code."""
    return tuple(load_rule(code) for code in rule_modules())
