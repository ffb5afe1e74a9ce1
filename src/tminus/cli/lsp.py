"""``tminus lsp``: a language server over stdio, with findings, quick fixes and rule pages for editors."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tminus.cli import EXIT_OK, UserError

if TYPE_CHECKING:
    from lsprotocol.types import Registration
    from pygls.lsp.server import LanguageServer

# A pause in typing of this length starts a check, as other servers for Python wait.
_DEBOUNCE_S = 0.2
_WATCHED = (
    *("pyproject.toml", "tminus-baseline.json", "requirements*.txt"),
    *("*.py", "*.md", "*.yaml", "*.yml", "*.json"),
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser("lsp", help="serve findings and fixes to an editor, over stdio")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until the editor closes the connection."""
    try:
        server = language_server()
    except ModuleNotFoundError as error:
        raise UserError(f"the language server needs {error.name}: pip install 'tminus[lsp]'") from error
    server.start_io()
    return EXIT_OK


def language_server() -> LanguageServer:
    """The server, not started.

    Raises:
        ModuleNotFoundError: The extra ``lsp`` is not installed.
    """
    from lsprotocol import types
    from pygls.lsp.server import LanguageServer

    from tminus import __version__
    from tminus.cli.lsp_documents import FIX_ALL, Documents

    server = LanguageServer("tminus", __version__)
    documents = Documents(server, _DEBOUNCE_S)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: types.DidOpenTextDocumentParams) -> None:
        await documents.publish(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: types.DidChangeTextDocumentParams) -> None:
        documents.publish_soon(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def saved(params: types.DidSaveTextDocumentParams) -> None:
        # Another document may import this one, or be configured by it.
        await documents.publish_all()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def changed_on_disk(params: types.DidChangeWatchedFilesParams) -> None:
        await documents.publish_all()

    @server.feature(types.INITIALIZED)
    async def ready(params: types.InitializedParams) -> None:
        workspace = server.client_capabilities.workspace
        watches = workspace.did_change_watched_files if workspace is not None else None
        if watches is not None and watches.dynamic_registration:
            await server.client_register_capability_async(types.RegistrationParams([_watching()]))

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        documents.close(params.text_document.uri)

    kinds = [types.CodeActionKind.QuickFix, FIX_ALL]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await documents.actions(params.text_document.uri, params.range, params.context.only)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        return await documents.hover(params.text_document.uri, params.position)

    return server


def _watching() -> Registration:
    """What the editor is asked to say changes of: what a check reads besides the document."""
    from lsprotocol import types

    watchers = [types.FileSystemWatcher(f"**/{name}") for name in _WATCHED]
    method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
    return types.Registration("tminus-files", method, options)
