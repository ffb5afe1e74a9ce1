"""Findings in SARIF 2.1.0, which code-scanning services read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from typing import Any

from tminus import __version__
from tminus.check import Finding, Fix, Severity
from tminus.check.catalogue import catalogue
from tminus.check.places import relative
from tminus.check.problem import UNREADABLE
from tminus.check.rule import Rule
from tminus.facts import Facts
from tminus.report.findings_outcome import Outcome
from tminus.report.rule_page import rule_page, sections, summary
from tminus.script import Span

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def findings_sarif(outcome: Outcome) -> dict[str, Any]:
    """The log: one run with the rules that found something, their pages, the findings and their fixes."""
    codes = sorted({finding.code for finding in outcome.findings})
    rules, facts = [catalogue()[code] for code in codes], Facts.bundled()
    broken = [finding for finding in outcome.findings if finding.code == UNREADABLE.code]
    results = [
        _result(finding, codes.index(finding.code), fingerprint, outcome)
        for finding, fingerprint in zip(outcome.findings, outcome.fingerprints(), strict=True)
    ]
    run = {
        "tool": {
            "driver": {
                "name": "tminus",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rule, facts) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not broken,
                "toolExecutionNotifications": [
                    {
                        "descriptor": {"id": one.code, "index": codes.index(one.code)},
                        "level": "error",
                        "message": {"text": one.message},
                        "locations": [_location(one.span, outcome)],
                    }
                    for one in broken
                ],
            }
        ],
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule, facts: Facts) -> dict[str, Any]:
    page = rule_page(rule, facts)
    parts = sections(page)
    return {
        "id": rule.code,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": summary(page)},
        "fullDescription": {"text": " ".join(parts["What it does"].split())},
        "help": {"text": page, "markdown": f"# {rule.code} {rule.name}\n\n{page}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(finding: Finding, index: int, fingerprint: str, outcome: Outcome) -> dict[str, Any]:
    text = finding.message if not finding.advice else f"{finding.message}. {finding.advice}"
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding.span, outcome)],
        "partialFingerprints": {"tminus/v1": fingerprint},
    }
    if finding.source is not None:
        result["properties"] = {
            "source": finding.source.source,
            "asOf": finding.source.as_of.isoformat(),
            "fact": finding.source.id,
        }
    if finding.fix is not None and finding.fixable:
        result["fixes"] = [_fix(finding.fix, outcome)]
    return result


def _fix(fix: Fix, outcome: Outcome) -> dict[str, Any]:
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        uri = relative(edit.span.path, outcome.root)
        changes.setdefault(uri, []).append(
            {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.replacement}}
        )
    return {
        "description": {"text": f"{fix.title} ({fix.safety})"},
        "artifactChanges": [
            {"artifactLocation": _artifact(uri), "replacements": replacements}
            for uri, replacements in changes.items()
        ],
    }


def _location(span: Span, outcome: Outcome) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": _artifact(relative(span.path, outcome.root)),
            "region": _region(span),
        }
    }


def _artifact(path: str) -> dict[str, Any]:
    from urllib.parse import quote

    return {"uri": quote(path), "uriBaseId": "%SRCROOT%"}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
