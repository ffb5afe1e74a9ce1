"""`tminus lsp` as an editor uses it: a real client, the real server over stdio."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

SCRIPT = """\
import modal

app = modal.App("é")


@app.function(gpu="H100:10", timeout=3600)  # 😀
def run():
    pass


@app.function(gpu="H100:8", timeout=3600)
@modal.experimental.clustered(size=2)
def both():
    pass
"""
WAIT_S = 30


class Editor(LanguageClient):
    """An editor that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__("editor", "1")
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self.logged: list[str] = []
        self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(
            lambda params: self.published.put_nowait(params)
        )
        self.feature(types.WINDOW_LOG_MESSAGE)(lambda params: self.logged.append(params.message))

    async def next(self) -> types.PublishDiagnosticsParams:
        return await asyncio.wait_for(self.published.get(), WAIT_S)

    def open(self, uri: str, text: str) -> None:
        item = types.TextDocumentItem(uri, "python", 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, uri: str, version: int, text: str) -> None:
        document = types.VersionedTextDocumentIdentifier(version, uri)
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(document, [whole]))

    async def actions(
        self, uri: str, where: types.Range, only: list[types.CodeActionKind] | None = None
    ) -> list[types.CodeAction]:
        context = types.CodeActionContext([], only=only)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), where, context)
        answer = await self.text_document_code_action_async(params)
        return [one for one in answer or [] if isinstance(one, types.CodeAction)]


@asynccontextmanager
async def editing(folder: Path) -> AsyncIterator[Editor]:
    editor = Editor()
    await editor.start_io(sys.executable, "-m", "tminus", "lsp")
    capabilities = types.ClientCapabilities()
    await asyncio.wait_for(
        editor.initialize_async(types.InitializeParams(capabilities, root_uri=folder.as_uri())), WAIT_S
    )
    editor.initialized(types.InitializedParams())
    yield editor
    await asyncio.wait_for(editor.shutdown_async(None), WAIT_S)
    editor.exit(None)
    await asyncio.wait_for(editor.stop(), WAIT_S)


def with_editor(folder: Path, use: Callable[[Editor, str], Awaitable[None]]) -> None:
    async def session() -> None:
        async with editing(folder) as editor:
            await use(editor, (folder / "train.py").as_uri())

    asyncio.run(session())


def diagnostic(published: types.PublishDiagnosticsParams, code: str) -> types.Diagnostic:
    (found,) = [one for one in published.diagnostics if one.code == code]
    return found


def applied(text: str, action: types.CodeAction) -> str:
    assert action.edit is not None
    assert action.edit.changes is not None
    ((edit,),) = action.edit.changes.values()
    lines = text.splitlines(keepends=True)

    def offset(position: types.Position) -> int:
        before = sum(len(line) for line in lines[: position.line])
        if position.line >= len(lines):
            return before
        units = lines[position.line].encode("utf-16-le")[: 2 * position.character]
        return before + len(units.decode("utf-16-le"))

    return text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]


def test_findings_follow_the_text_and_go_when_it_is_closed(tmp_path: Path) -> None:
    async def use(editor: Editor, uri: str) -> None:
        editor.open(uri, SCRIPT)
        over = diagnostic(await editor.next(), "TM101")
        assert over.range == types.Range(types.Position(5, 18), types.Position(5, 27))
        assert over.severity == types.DiagnosticSeverity.Error
        assert over.code_description is not None
        assert over.code_description.href.startswith("https://modal.com/")
        # Several changes in a row are one check, of the last text.
        for version, count in enumerate((9, 12, 8), start=2):
            editor.change(uri, version, SCRIPT.replace("H100:10", f"H100:{count}"))
        published = await editor.next()
        assert published.version == 4
        assert "TM101" not in [one.code for one in published.diagnostics]
        assert editor.published.empty()
        (tmp_path / "train.py").write_text(SCRIPT)
        editor.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))
        diagnostic(await editor.next(), "TM203")
        editor.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))
        assert not (await editor.next()).diagnostics

    with_editor(tmp_path, use)


def test_quick_fixes_say_whether_they_are_safe_and_mend_the_text(tmp_path: Path) -> None:
    async def use(editor: Editor, uri: str) -> None:
        editor.open(uri, SCRIPT)
        published = await editor.next()
        quick = [types.CodeActionKind.QuickFix]
        over = await editor.actions(uri, diagnostic(published, "TM101").range, quick)
        (unsafe,) = [one for one in over if one.title.startswith("TM101")]
        assert unsafe.title == "TM101: Ask for 8 GPUs (unsafe: changes what the script does)"
        assert not unsafe.is_preferred
        assert applied(SCRIPT, unsafe) == SCRIPT.replace("H100:10", "H100:8")
        old = await editor.actions(uri, diagnostic(published, "TM203").range, quick)
        (safe,) = [one for one in old if one.title.startswith("TM203")]
        assert safe.title.endswith("(safe)")
        assert safe.is_preferred
        assert "@modal.clustered(size=2)" in applied(SCRIPT, safe)
        (everything,) = await editor.actions(
            uri, diagnostic(published, "TM101").range, [types.CodeActionKind.SourceFixAll]
        )
        mended = applied(SCRIPT, everything)
        assert "@modal.clustered(size=2)" in mended
        assert "H100:10" in mended

    with_editor(tmp_path, use)


def test_hover_shows_the_rules_page_and_nothing_elsewhere(tmp_path: Path) -> None:
    async def use(editor: Editor, uri: str) -> None:
        editor.open(uri, SCRIPT)
        await editor.next()

        async def hover(line: int, character: int) -> types.Hover | None:
            where = types.TextDocumentIdentifier(uri)
            position = types.Position(line, character)
            return await editor.text_document_hover_async(types.HoverParams(where, position))

        shown = await hover(5, 20)
        assert shown is not None
        assert isinstance(shown.contents, types.MarkupContent)
        assert "TM101 gpu-count-over-limit" in shown.contents.value
        assert "## Why is this bad?" in shown.contents.value
        assert await hover(7, 1) is None

    with_editor(tmp_path, use)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_columns_count_as_the_editor_counts(tmp_path: Path, end: str) -> None:
    text = f'import modal{end}app = modal.App("x")  # 😀{end}X = "😀"; f = app.function(gpu="H100:10"){end}'

    async def use(editor: Editor, uri: str) -> None:
        editor.open(uri, text + f"@app.function(gpu='H100:11') # 😀{end}def g(): ...{end}")
        published = await editor.next()
        over = diagnostic(published, "TM101")
        assert over.range == types.Range(types.Position(3, 18), types.Position(3, 27))

    with_editor(tmp_path, use)


def test_the_projects_configuration_holds_and_a_wrong_one_is_logged(tmp_path: Path) -> None:
    config = tmp_path / "pyproject.toml"
    config.write_text('[tool.tminus]\nselect = ["TM101"]\n')

    async def use(editor: Editor, uri: str) -> None:
        editor.open(uri, SCRIPT)
        assert [one.code for one in (await editor.next()).diagnostics] == ["TM101"]
        config.write_text('[tool.tminus]\nselekt = ["TM101"]\n')
        editor.change(uri, 2, SCRIPT + "\n")
        assert "TM203" in [one.code for one in (await editor.next()).diagnostics]
        assert any("selekt: no such key; did you mean select" in line for line in editor.logged)

    with_editor(tmp_path, use)


def test_text_that_does_not_parse_is_said_where(tmp_path: Path) -> None:
    async def use(editor: Editor, uri: str) -> None:
        editor.open(uri, "import modal\napp = modal.App(\n")
        broken = diagnostic(await editor.next(), "TM000")
        assert broken.range.start.line == 1
        editor.change(uri, 2, "import modal\napp = modal.App()\n")
        assert not (await editor.next()).diagnostics

    with_editor(tmp_path, use)
