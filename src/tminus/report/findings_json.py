"""Findings as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tminus.check import Finding, Fix, Severity
from tminus.report.paths import shown


def findings_json(findings: Sequence[Finding], files: int) -> dict[str, Any]:
    """The document that ``tminus check --format json`` prints.

    Lines and columns count from 1, the end column is exclusive.
    """
    counts = Counter(finding.severity for finding in findings)
    return {
        "findings": [_finding(finding) for finding in findings],
        "summary": {
            "files": files,
            "findings": len(findings),
            **{f"{severity.value}s": counts[severity] for severity in (Severity.ERROR, Severity.WARNING)},
            "infos": counts[Severity.INFO],
            "fixable": sum(finding.fixable for finding in findings),
        },
    }


def _finding(finding: Finding) -> dict[str, Any]:
    span, source = finding.span, finding.source
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "path": shown(span.path),
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "message": finding.message,
        "advice": finding.advice,
        "source": None
        if source is None
        else {
            "url": source.source,
            "as_of": source.as_of.isoformat(),
            "fact": source.id,
            "value": source.value,
            "unit": source.unit,
            "conflicts": [
                {"says": one.says, "url": one.source, "as_of": one.as_of.isoformat()}
                for one in source.conflicts
            ],
        },
        "fix": None if finding.fix is None else _fix(finding.fix),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    return {
        "title": fix.title,
        "safety": fix.safety.value,
        "edits": [
            {
                "path": shown(edit.span.path),
                "line": edit.span.line,
                "column": edit.span.column,
                "end_line": edit.span.end_line,
                "end_column": edit.span.end_column,
                "replacement": edit.replacement,
            }
            for edit in fix.edits
        ],
    }
