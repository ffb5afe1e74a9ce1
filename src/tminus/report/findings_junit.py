"""Findings as JUnit XML, which most CI services show as tests: a suite a file, a failure a finding."""

from __future__ import annotations

from xml.etree import ElementTree

from tminus.check import Finding
from tminus.lazy import pattern
from tminus.report.findings_outcome import Outcome
from tminus.report.paths import shown

# What XML 1.0 has no way to write.
_UNWRITABLE = pattern("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def findings_junit(outcome: Outcome) -> str:
    """The document. A file without findings is a suite with one test that passed."""
    root = ElementTree.Element("testsuites", name="tminus")
    tests = failures = 0
    for path, findings in outcome.by_file():
        count = max(1, len(findings))
        name = _text(shown(path))
        suite = ElementTree.SubElement(
            root, "testsuite", name=name, tests=str(count), failures=str(len(findings)), errors="0"
        )
        if not findings:
            ElementTree.SubElement(suite, "testcase", name="check", classname=name)
        for finding in findings:
            _case(suite, finding, name)
        tests, failures = tests + count, failures + len(findings)
    root.set("tests", str(tests))
    root.set("failures", str(failures))
    root.set("errors", "0")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def _case(suite: ElementTree.Element, finding: Finding, name: str) -> None:
    span = finding.span
    case = ElementTree.SubElement(
        suite, "testcase", name=f"{finding.code} {finding.name}", classname=name, line=str(span.line)
    )
    failure = ElementTree.SubElement(case, "failure", type=finding.severity, message=_text(finding.message))
    parts = [f"{shown(span.path)}:{span.line}:{span.column}: {finding.message}"]
    if finding.source is not None:
        parts.append(f"source: {finding.source.citation()}")
    if finding.advice:
        parts.append(f"help: {finding.advice}")
    failure.text = _text("\n".join(parts))


def _text(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
