"""``tminus explain``: the page of a rule."""

from __future__ import annotations

import argparse

from tminus.check import all_rules
from tminus.cli import EXIT_OK, UserError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser("explain", help="print the page of a rule")
    parser.add_argument("code", metavar="CODE", help="a rule's code, such as TM101")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the rule's page."""
    rules = {rule.code: rule for rule in all_rules()}
    rule = rules.get(options.code.upper())
    if rule is None:
        raise UserError(f"no rule {options.code!r}; there are {', '.join(rules)}")
    print(f"# {rule.code} {rule.name}\n\nSeverity: {rule.severity}.\n\n{rule.page}")
    return EXIT_OK
