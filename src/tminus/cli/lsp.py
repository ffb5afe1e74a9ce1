"""``tminus lsp``: a language server over stdio, with findings, quick fixes and rule pages for editors."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tminus.cli import EXIT_OK, UserError

if TYPE_CHECKING:
    from pygls.lsp.server import LanguageServer

# A pause in typing of this length starts a check, as other servers for Python wait.
_DEBOUNCE_S = 0.2


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
    from tminus.cli.lsp_documents import Documents

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
        await documents.publish(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        documents.close(params.text_document.uri)

    kinds = [types.CodeActionKind.QuickFix, types.CodeActionKind.SourceFixAll]

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=kinds))
    async def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await documents.actions(params.text_document.uri, params.range, params.context.only)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        return await documents.hover(params.text_document.uri, params.position)

    return server
