"""Rules that hold a script against the facts, their findings and their fixes."""

from tminus.check.checker import Fixed, check, fix
from tminus.check.finding import Finding, Fix, Safety, Severity
from tminus.check.rule import Rule, all_rules

__all__ = ["Finding", "Fix", "Fixed", "Rule", "Safety", "Severity", "all_rules", "check", "fix"]
