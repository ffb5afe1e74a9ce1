"""The formats of `tminus check`, each in a module of its own that is loaded when it is asked for."""

from __future__ import annotations

from tminus.report.findings_outcome import Outcome
from tminus.report.style import Style


def rendered(outcome: Outcome, how: str, style: Style) -> str:
    """What a check found, in one of `tminus.check.config.FORMATS`; ends without a line end.

    Raises:
        ValueError: There is no such format.
    """
    match how:
        case "text":
            from tminus.report.findings_text import findings_text

            return findings_text(outcome, style)
        case "concise":
            from tminus.report.findings_concise import findings_concise

            return findings_concise(outcome, style)
        case "json":
            from tminus.report.findings_json import findings_json

            return _json(findings_json(outcome.findings, len(outcome.files)))
        case "sarif":
            from tminus.report.findings_sarif import findings_sarif

            return _json(findings_sarif(outcome))
        case "github":
            from tminus.report.findings_github import findings_github

            return findings_github(outcome)
        case "junit":
            from tminus.report.findings_junit import findings_junit

            return findings_junit(outcome)
        case "markdown":
            from tminus.report.findings_markdown import findings_markdown

            return findings_markdown(outcome)
    raise ValueError(f"no format {how!r}")


def _json(document: object) -> str:
    import json

    return json.dumps(document, indent=2, ensure_ascii=False)
