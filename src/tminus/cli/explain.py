"""``tminus explain``: the page of a rule."""

from __future__ import annotations

import argparse
import json
from typing import Any

from tminus.check import Rule
from tminus.check.catalogue import catalogue
from tminus.check.selection import nearest
from tminus.cli import EXIT_OK, UserError
from tminus.facts import Facts
from tminus.report.rule_page import facts_named, fix_words, rule_page, summary


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser("explain", help="print the page of a rule, or the list of rules")
    parser.add_argument("code", nargs="?", metavar="CODE", help="a rule's code or name, such as TM101")
    parser.add_argument("--list", action="store_true", help="list every rule")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is printed")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one page, or the list."""
    rules = catalogue()
    if options.list == (options.code is not None):
        raise UserError("explain: give a rule's code, or --list")
    if options.list:
        _print_list(list(rules.values()), options.format)
        return EXIT_OK
    asked = str(options.code)
    rule = rules.get(asked.upper()) or next(
        (one for one in rules.values() if one.name == asked.lower()), None
    )
    if rule is None:
        names = [*rules, *(one.name for one in rules.values())]
        near = nearest(asked.upper(), rules) or nearest(asked.lower(), names)
        raise UserError(f"no rule {asked!r}{near}; `tminus explain --list` lists all")
    if options.format == "json":
        print(json.dumps(_json(rule), indent=2, ensure_ascii=False))
    else:
        page = rule_page(rule, Facts.bundled())
        print(f"# {rule.code} {rule.name}\n\nSeverity: {rule.severity}.\n\n{page}")
    return EXIT_OK


def _print_list(rules: list[Rule], how: str) -> None:
    if how == "json":
        print(json.dumps([_json(rule) for rule in rules], indent=2, ensure_ascii=False))
        return
    width = max(len(rule.name) for rule in rules)
    for rule in rules:
        print(f"{rule.code}  {rule.name:{width}}  {rule.severity:7}  {summary(rule.page)}")


def _json(rule: Rule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "summary": summary(rule.page),
        "fix": fix_words(rule.page),
        "facts": facts_named(rule.page),
        "page": rule_page(rule, Facts.bundled()),
    }
