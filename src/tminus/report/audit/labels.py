"""Words for severities, fixes and verdicts, with their tone."""

from __future__ import annotations

from enum import StrEnum

from tminus.check import Safety, Severity
from tminus.report.audit.document import Badge, Tone
from tminus.report.audit.wording import Words


class Verdict(StrEnum):
    """The outcome of a validation."""

    PASSED = "passed"
    FAILED = "failed"
    NOTED = "noted"
    ABSENT = "not applicable"
    UNKNOWN = "unknown"


def severity_badge(severity: Severity, words: Words) -> Badge:
    """A severity."""
    match severity:
        case Severity.ERROR:
            return Badge(words("error"), Tone.BAD)
        case Severity.WARNING:
            return Badge(words("warning"), Tone.WARN)
    return Badge(words("info"), Tone.PLAIN)


def verdict_badge(verdict: Verdict, words: Words) -> Badge:
    """A verdict."""
    match verdict:
        case Verdict.PASSED:
            return Badge(words("passed"), Tone.GOOD)
        case Verdict.FAILED:
            return Badge(words("failed"), Tone.BAD)
        case Verdict.NOTED:
            return Badge(words("passed, with a remark"), Tone.PLAIN)
        case Verdict.ABSENT:
            return Badge(words("not applicable"), Tone.PLAIN)
    return Badge(words("unknown"), Tone.WARN)


def counted(severities: list[Severity], words: Words) -> str:
    """``2 errors, 3 warnings``; the kinds that there are, worst first."""
    errors, warnings, infos = (severities.count(one) for one in Severity)
    parts = [
        words.count("{count} error", "{count} errors", errors) if errors else "",
        words.count("{count} warning", "{count} warnings", warnings) if warnings else "",
        words.count("{count} remark", "{count} remarks", infos) if infos else "",
    ]
    return ", ".join(filter(None, parts)) or words("nothing found")


def fix_flags(safety: Safety) -> str:
    """The flags of ``tminus check`` that make a fix of that safety."""
    return "--fix" if safety is Safety.SAFE else "--fix --unsafe-fixes"
