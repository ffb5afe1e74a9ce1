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
        self.registered: asyncio.Queue[types.Registration] = asyncio.Queue()

        @self.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(params: types.RegistrationParams) -> None:
            for one in params.registrations:
                self.registered.put_nowait(one)

    async def next(self) -> types.PublishDiagnosticsParams:
        return await asyncio.wait_for(self.published.get(), WAIT_S)

    def open(self, uri: str, text: str) -> None:
        item = types.TextDocumentItem(uri, "python", 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, uri: str, version: int, text: str) -> None:
        self.replace(uri, version, types.TextDocumentContentChangeWholeDocument(text))

    def replace(self, uri: str, version: int, *changes: types.TextDocumentContentChangeEvent) -> None:
        document = types.VersionedTextDocumentIdentifier(version, uri)
        self.text_document_did_change(types.DidChangeTextDocumentParams(document, list(changes)))

    def save(self, uri: str) -> None:
        self.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))

    async def actions(
        self, uri: str, where: types.Range, only: list[types.CodeActionKind | str] | None = None
    ) -> list[types.CodeAction]:
        context = types.CodeActionContext([], only=only)
        params = types.CodeActionParams(types.TextDocumentIdentifier(uri), where, context)
        answer = await self.text_document_code_action_async(params)
        return [one for one in answer or [] if isinstance(one, types.CodeAction)]


@asynccontextmanager
async def editing(folder: Path, capabilities: types.ClientCapabilities) -> AsyncIterator[Editor]:
    editor = Editor()
    await editor.start_io(sys.executable, "-m", "tminus", "lsp")
    await asyncio.wait_for(
        editor.initialize_async(types.InitializeParams(capabilities, root_uri=folder.as_uri())), WAIT_S
    )
    editor.initialized(types.InitializedParams())
    yield editor
    await asyncio.wait_for(editor.shutdown_async(None), WAIT_S)
    editor.exit(None)
    await asyncio.wait_for(editor.stop(), WAIT_S)


def with_editor(
    folder: Path,
    use: Callable[[Editor, str], Awaitable[None]],
    capabilities: types.ClientCapabilities | None = None,
) -> None:
    async def session() -> None:
        async with editing(folder, capabilities or types.ClientCapabilities()) as editor:
            await use(editor, (folder / "train.py").as_uri())

    asyncio.run(session())


def diagnostic(published: types.PublishDiagnosticsParams, code: str) -> types.Diagnostic:
    (found,) = [one for one in published.diagnostics if one.code == code]
    return found


def over_range(published: types.PublishDiagnosticsParams) -> types.Range:
    return diagnostic(published, "TM101").range


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
        editor.save(uri)
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
        unsafe, silence = [one for one in over if one.title.startswith("TM101")]
        assert unsafe.title == "TM101: Ask for 8 GPUs (unsafe: changes what the script does)"
        assert not unsafe.is_preferred
        assert applied(SCRIPT, unsafe) == SCRIPT.replace("H100:10", "H100:8")
        assert silence.title == "TM101: Silence it here with a comment"
        assert silence.edit is not None
        line = '@app.function(gpu="H100:10", timeout=3600)  # 😀'
        silenced = applied(SCRIPT, silence)
        assert silenced == SCRIPT.replace(line, f"{line}  # tminus: ignore[TM101]")
        old = await editor.actions(uri, diagnostic(published, "TM203").range, quick)
        safe, _ = [one for one in old if one.title.startswith("TM203")]
        assert safe.title.endswith("(safe)")
        assert safe.is_preferred
        assert "@modal.clustered(size=2)" in applied(SCRIPT, safe)
        (everything,) = await editor.actions(
            uri, diagnostic(published, "TM101").range, ["source.fixAll.tminus"]
        )
        assert await editor.actions(uri, over_range(published), [types.CodeActionKind.SourceFixAll]) == [
            everything
        ]
        assert await editor.actions(uri, over_range(published), ["source.fixAll.ruff"]) == []
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


def test_a_change_of_a_part_is_placed_as_the_editor_counts(tmp_path: Path) -> None:
    text = 'import modal\napp = modal.App("x")\nX = "😀😀"; f = app.function(gpu="H100:10")(print)\n'
    start = len('X = "😀😀"; f = app.function(gpu="H100:'.encode("utf-16-le")) // 2

    async def use(editor: Editor, uri: str) -> None:
        editor.open(uri, text)
        diagnostic(await editor.next(), "TM101")
        where = types.Range(types.Position(2, start), types.Position(2, start + 2))
        editor.replace(uri, 2, types.TextDocumentContentChangePartial(where, "8"))
        assert not [one for one in (await editor.next()).diagnostics if one.code == "TM101"]
        where = types.Range(types.Position(2, start), types.Position(2, start + 1))
        editor.replace(uri, 3, types.TextDocumentContentChangePartial(where, "12"))
        over = diagnostic(await editor.next(), "TM101")
        assert "12 GPUs" in over.message
        assert over.range == types.Range(types.Position(2, start - 6), types.Position(2, start + 3))

    with_editor(tmp_path, use)


@pytest.mark.parametrize(
    ("encoding", "width"),
    [
        (types.PositionEncodingKind.Utf8, 4),
        (types.PositionEncodingKind.Utf32, 1),
    ],
)
def test_an_editor_may_ask_for_another_way_to_count(
    tmp_path: Path, encoding: types.PositionEncodingKind, width: int
) -> None:
    general = types.GeneralClientCapabilities(position_encodings=[encoding])

    async def use(editor: Editor, uri: str) -> None:
        editor.open(uri, 'import modal\napp = modal.App("x")\n"😀"; f = app.function(gpu="H100:10")(print)\n')
        over = diagnostic(await editor.next(), "TM101")
        before = len('""; f = app.function(gpu=') + width
        assert over.range == types.Range(types.Position(2, before), types.Position(2, before + 9))

    with_editor(tmp_path, use, types.ClientCapabilities(general=general))


def test_what_lies_beside_a_document_is_read_again_when_it_is_saved_or_changed(tmp_path: Path) -> None:
    sizes, config = tmp_path / "sizes.py", tmp_path / "pyproject.toml"
    sizes.write_text('GPU = "H100:10"\n')
    watching = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    capabilities = types.ClientCapabilities(
        workspace=types.WorkspaceClientCapabilities(did_change_watched_files=watching)
    )

    async def use(editor: Editor, uri: str) -> None:
        registered = await asyncio.wait_for(editor.registered.get(), WAIT_S)
        assert registered.method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        editor.open(
            uri,
            'import modal\nfrom sizes import GPU\napp = modal.App("x")\nf = app.function(gpu=GPU)(print)\n',
        )
        diagnostic(await editor.next(), "TM101")
        sizes.write_text('GPU = "H100:8"\n')
        editor.save(uri)
        assert "TM101" not in [one.code for one in (await editor.next()).diagnostics]
        sizes.write_text('GPU = "H100:16"\n')
        config.write_text('[tool.tminus]\nselect = ["TM101"]\n')
        changed = types.FileEvent(config.as_uri(), types.FileChangeType.Created)
        editor.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([changed]))
        assert [one.code for one in (await editor.next()).diagnostics] == ["TM101"]

    with_editor(tmp_path, use, capabilities)


def test_a_finding_is_silenced_where_a_comment_can_stand(tmp_path: Path) -> None:
    text = (
        'import modal\napp = modal.App("x")\n'
        'f = app.function(gpu="H100:10")(print)  # tminus: ignore[TM999x]\n'
        'g = app.function(gpu="H100:11", \\\n    timeout=60)(print)\n'
    )

    async def use(editor: Editor, uri: str) -> None:
        editor.open(uri, text)
        published = await editor.next()
        first, second = [one for one in published.diagnostics if one.code == "TM101"]
        quick = [types.CodeActionKind.QuickFix]
        (added,) = [
            one for one in await editor.actions(uri, first.range, quick) if "TM101: Silence" in one.title
        ]
        assert "# tminus: ignore[TM999x, TM101]\n" in applied(text, added)
        # No comment can stand before the backslash.
        assert not [
            one for one in await editor.actions(uri, second.range, quick) if "TM101: Silence" in one.title
        ]

    with_editor(tmp_path, use)


CONFIGURED = """\
import subprocess

import modal

app = modal.App("tuned")
image = modal.Image.debian_slim(python_version="3.12").add_local_file("train.yml", "/root/train.yml")
volume = modal.Volume.from_name("tuned", create_if_missing=True)


@app.function(gpu="T4", image=image, timeout=3600, volumes={"/data": volume})
def train():
    subprocess.run(["axolotl", "train", "/root/train.yml"], check=True)
"""
CONFIGURATION = """\
base_model: HuggingFaceTB/SmolLM2-360M
micro_batch_size: 2
output_dir: /data/out
bf16: true
"""


def test_what_is_found_in_a_configuration_is_shown_there(tmp_path: Path) -> None:
    configuration = tmp_path / "train.yml"
    configuration.write_text(CONFIGURATION)
    (tmp_path / "train.py").write_text(CONFIGURED)
    beside = configuration.as_uri()

    async def shown(editor: Editor, *codes: str) -> types.PublishDiagnosticsParams:
        """What is published for the configuration, once it has these findings."""
        while True:
            published = await editor.next()
            if published.uri == beside and [one.code for one in published.diagnostics] == list(codes):
                return published

    async def use(editor: Editor, uri: str) -> None:
        editor.open(uri, CONFIGURED)
        published = await shown(editor, "TM106")
        assert published.diagnostics[0].range.start == types.Position(3, 6)
        # Opened itself it is no script, and keeps what was found in it.
        item = types.TextDocumentItem(beside, "yaml", 1, CONFIGURATION)
        editor.text_document_did_open(types.DidOpenTextDocumentParams(item))
        await shown(editor, "TM106")
        here = types.TextDocumentIdentifier(beside)
        hover = await editor.text_document_hover_async(types.HoverParams(here, types.Position(3, 7)))
        assert hover is not None
        assert "TM106" in str(hover.contents)
        configuration.write_text(CONFIGURATION.replace("bf16: true", "fp16: true"))
        editor.save(beside)
        await shown(editor)
        configuration.write_text(CONFIGURATION)
        editor.save(beside)
        await shown(editor, "TM106")
        editor.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))
        await shown(editor)

    with_editor(tmp_path, use)
