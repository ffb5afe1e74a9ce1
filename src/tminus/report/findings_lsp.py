"""Findings and fixes in the words of the Language Server Protocol, for editors."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types
from pygls.workspace import PositionCodec

from tminus.check import Finding, Safety, Severity
from tminus.check.catalogue import catalogue
from tminus.facts import Facts
from tminus.report.ignore_comment import ignore_edit
from tminus.report.rule_page import rule_page
from tminus.script import Edit, Source, Span

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
}


class Editor:
    """Converts for one document.

    Args:
        uri: Its address in the editor.
        source: Its text.
        codec: How the editor counts columns; most count UTF-16 units.
    """

    def __init__(self, uri: str, source: Source, codec: PositionCodec) -> None:
        self.uri, self.source, self._codec = uri, source, codec

    def range_of(self, span: Span) -> types.Range:
        """A span in the editor's lines and columns, which count from 0."""
        return self._codec.range_to_client_units(
            self.source.lines,
            types.Range(
                types.Position(span.line - 1, span.column - 1),
                types.Position(span.end_line - 1, span.end_column - 1),
            ),
        )

    def diagnostic(self, finding: Finding) -> types.Diagnostic:
        """A finding as the editor underlines it."""
        parts = [finding.message]
        if finding.advice:
            parts.append(finding.advice)
        address = finding.source.source if finding.source is not None else None
        if finding.source is not None:
            parts.append(f"Source: {finding.source.citation()}")
        return types.Diagnostic(
            range=self.range_of(finding.span),
            message="\n".join(parts),
            severity=_SEVERITIES[finding.severity],
            code=finding.code,
            code_description=types.CodeDescription(address) if address else None,
            source="tminus",
        )

    def quick_fix(self, finding: Finding) -> types.CodeAction | None:
        """The fix of a finding; its title says whether it changes what the script does. None without one."""
        fix = finding.fix
        if fix is None or not finding.fixable or any(one.span.path != self.source.path for one in fix.edits):
            return None
        safe = fix.safety is Safety.SAFE
        words = "safe" if safe else "unsafe: changes what the script does"
        return types.CodeAction(
            title=f"{finding.code}: {fix.title} ({words})",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[self.diagnostic(finding)],
            is_preferred=safe,
            edit=self.changes(fix.edits),
        )

    def silencing(self, finding: Finding) -> types.CodeAction | None:
        """The comment that silences a finding; None where none can stand."""
        edit = ignore_edit(finding, self.source)
        if edit is None:
            return None
        return types.CodeAction(
            title=f"{finding.code}: Silence it here with a comment",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[self.diagnostic(finding)],
            edit=self.changes([edit]),
        )

    def changes(self, edits: Sequence[Edit]) -> types.WorkspaceEdit:
        """Edits of this document."""
        newline = self.source.newline
        return types.WorkspaceEdit(
            changes={
                self.uri: [
                    types.TextEdit(self.range_of(one.span), one.replacement.replace("\n", newline))
                    for one in edits
                ]
            }
        )

    def replacement(self, text: str) -> types.WorkspaceEdit:
        """The whole document replaced."""
        lines = self.source.lines
        last = Span(self.source.path, 1, 1, max(1, len(lines)), len(lines[-1]) + 1 if lines else 1)
        return types.WorkspaceEdit(changes={self.uri: [types.TextEdit(self.range_of(last), text)]})

    def hover(self, findings: Sequence[Finding], position: types.Position) -> types.Hover | None:
        """The pages of the rules that found something at a position; None where none did."""
        here = [one for one in findings if _covers(self.range_of(one.span), position)]
        if not here:
            return None
        rules = [catalogue()[code] for code in dict.fromkeys(one.code for one in here)]
        pages = [f"# {rule.code} {rule.name}\n\n{rule_page(rule, Facts.bundled())}" for rule in rules]
        content = types.MarkupContent(types.MarkupKind.Markdown, "\n\n---\n\n".join(pages))
        return types.Hover(content, self.range_of(here[0].span))


def _covers(place: types.Range, position: types.Position) -> bool:
    at = (position.line, position.character)
    start, end = (place.start.line, place.start.character), (place.end.line, place.end.character)
    return start <= at <= end


def overlaps(one: types.Range, other: types.Range) -> bool:
    """Whether two ranges have a position in common."""
    return _covers(one, other.start) or _covers(one, other.end) or _covers(other, one.start)
