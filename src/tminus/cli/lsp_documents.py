"""The documents that an editor has open: when they are checked, and what is known of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from tminus.check import Finding, Safety, Severity, fix
from tminus.check.baseline import Baseline, BaselineError
from tminus.check.batch import check_source
from tminus.check.codes import PLANNED_CODES, all_codes
from tminus.check.config import NO_CONFIG, ConfigError, find_config
from tminus.check.reporting import reported
from tminus.check.selection import Selection
from tminus.check.task import Checked, Task
from tminus.cli.lsp_beside import Beside
from tminus.facts import Facts
from tminus.report.findings_lsp import Editor, overlaps
from tminus.script import Script, Source

FIX_ALL = "source.fixAll.tminus"
"""The kind of the action that makes every safe fix; editors ask for it when they save."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a document's text.

    Attributes:
        text: The text.
        checked: What the check gave.
        findings: What of that is reported in the document itself.
        beside: What of that is reported in other files: a configuration that the script names, say.
        selection: The rules that ran.
        problem: Why the project's configuration was not heeded; empty where it was.
    """

    text: str
    checked: Checked
    findings: tuple[Finding, ...]
    beside: tuple[Finding, ...]
    selection: Selection
    problem: str = ""


class Documents:
    """Checks open documents and answers questions about them.

    Args:
        server: Where findings are published and texts come from.
        debounce_s: How long a text has to stay unchanged before it is checked, in seconds.
    """

    def __init__(self, server: LanguageServer, debounce_s: float) -> None:
        self._server = server
        self._debounce_s = debounce_s
        self._known: dict[str, _Known] = {}
        self._beside = Beside()
        self._waiting: dict[str, asyncio.Task[None]] = {}

    async def publish(self, uri: str) -> None:
        """Check a document now, and show what is found, in it and in the files that it names."""
        self._forget_wait(uri)
        if not _is_script(uri):
            self._publish_beside(_path(uri))
            return
        known = await self._of(uri)
        document = self._server.workspace.get_text_document(uri)
        if document.source != known.text:
            # It was changed meanwhile: the check of the newer text is on its way.
            return
        editor = self._editor(uri, known)
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(
                uri, [editor.diagnostic(one) for one in known.findings], version=document.version
            )
        )
        for path in self._beside.replace(uri, known.beside):
            self._publish_beside(path)

    def _publish_beside(self, path: Path) -> None:
        """Show what the checks of open scripts found in a file that is none."""
        uri = from_fs_path(str(path.resolve())) or path.resolve().as_uri()
        try:
            editor = Editor(uri, Source.read(path), self._server.workspace.position_codec)
            shown = [editor.diagnostic(one) for one in self._beside.of(path)]
        except (OSError, UnicodeDecodeError, SyntaxError):
            # It is gone, and what was found in it too.
            shown = []
        self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, shown))

    async def publish_all(self) -> None:
        """Check every document anew: its text is the same, but what lies beside it may not be."""
        self._known.clear()
        for uri in list(self._server.workspace.text_documents):
            await self.publish(uri)

    def publish_soon(self, uri: str) -> None:
        """Check a document when it has not been changed for a while."""
        self._forget_wait(uri)
        self._waiting[uri] = asyncio.get_running_loop().create_task(self._after_pause(uri))

    async def _after_pause(self, uri: str) -> None:
        await asyncio.sleep(self._debounce_s)
        # From here on it is no longer a wait that the next change may end.
        self._waiting.pop(uri, None)
        await self.publish(uri)

    def _forget_wait(self, uri: str) -> None:
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()

    def close(self, uri: str) -> None:
        """Forget a document, and clear what is shown of it."""
        self._forget_wait(uri)
        self._known.pop(uri, None)
        if not _is_script(uri):
            return
        for path in self._beside.replace(uri, ()):
            self._publish_beside(path)
        self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    async def actions(
        self, uri: str, where: types.Range, only: Sequence[types.CodeActionKind | str] | None
    ) -> list[types.CodeAction]:
        """Quick fixes for the findings in a range, and one for all safe fixes of the document.

        Args:
            uri: The document.
            where: The range that is asked about.
            only: The kinds that are asked for; None for all.
        """
        if not _is_script(uri):
            return []
        known = await self._of(uri)
        editor = self._editor(uri, known)
        found: list[types.CodeAction] = []
        names = None if only is None else [str(getattr(one, "value", one)) for one in only]
        if _asked(types.CodeActionKind.QuickFix.value, names):
            here = [one for one in known.findings if overlaps(editor.range_of(one.span), where)]
            found += [action for action in map(editor.quick_fix, here) if action is not None]
            # After the fixes: what silences a finding is offered last.
            found += [action for action in map(editor.silencing, here) if action is not None]
        if known.checked.source is not None and _asked(FIX_ALL, names):
            text = await asyncio.to_thread(_fixed, known.checked.source, known.selection)
            if text is not None:
                title = "tminus: make all safe fixes"
                found.append(types.CodeAction(title, FIX_ALL, edit=editor.replacement(text)))
        return found

    async def hover(self, uri: str, position: types.Position) -> types.Hover | None:
        """The pages of the rules that found something at a position."""
        if not _is_script(uri):
            path = _path(uri)
            editor = Editor(uri, Source.read(path), self._server.workspace.position_codec)
            return editor.hover(self._beside.of(path), position)
        known = await self._of(uri)
        return self._editor(uri, known).hover(known.findings, position)

    async def _of(self, uri: str) -> _Known:
        text = self._server.workspace.get_text_document(uri).source
        known = self._known.get(uri)
        if known is None or known.text != text:
            known = await asyncio.to_thread(_check, Source(_path(uri), text))
            self._known[uri] = known
            if known.problem:
                message = types.LogMessageParams(types.MessageType.Warning, known.problem)
                self._server.window_log_message(message)
        return known

    def _editor(self, uri: str, known: _Known) -> Editor:
        source = Source(_path(uri), known.text)
        return Editor(uri, source, self._server.workspace.position_codec)


def _path(uri: str) -> Path:
    path = to_fs_path(uri)
    return Path(path) if path else Path("untitled.py")


def _is_script(uri: str) -> bool:
    """Whether a document is Python: editors also open the files that findings lead to."""
    return _path(uri).suffix not in (".yaml", ".yml", ".json", ".md", ".toml")


def _asked(kind: str, only: Sequence[str] | None) -> bool:
    return only is None or any(kind == one or kind.startswith(f"{one}.") for one in only)


def _check(source: Source) -> _Known:
    problem = ""
    try:
        config = find_config(source.path.parent, all_codes())
    except ConfigError as error:
        config, problem = NO_CONFIG, str(error)
    selected = Selection(config.values.get("select", ("TM",)), config.values.get("ignore", ()))
    # A plan is only made when it is asked for.
    selected = selected.without(PLANNED_CODES)
    checked = check_source(source, Task(selected, config))
    baseline = None
    try:
        if "baseline" in config.values:
            baseline = Baseline.read(config.values["baseline"])
    except BaselineError as error:
        problem = str(error)
    least = Severity(config.values.get("severity", "info"))
    shown = [one for one, _ in reported([checked], least, baseline)]
    here = tuple(one for one in shown if one.span.path == source.path)
    beside = tuple(one for one in shown if one.span.path != source.path)
    selection = selected.without(config.ignored_in(source.path))
    return _Known(source.text, checked, here, beside, selection, problem)


def _fixed(source: Source, selection: Selection) -> str | None:
    """The text after every safe fix; None where there is none."""
    made = fix(Script.parse(source), Facts.bundled(), (Safety.SAFE,), selection)
    return made.after.text if made.mended else None
