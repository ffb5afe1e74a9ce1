"""``tminus report``: the audit of a script, or what came of a rehearsal or a run, as Markdown or HTML."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.cli import EXIT_FOUND, EXIT_OK, UserError

if TYPE_CHECKING:
    from tminus.report.audit.document import Document
    from tminus.report.audit.wording import Words

_SUFFIXES = {".md": "md", ".markdown": "md", ".html": "html", ".htm": "html"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser("report", help="write the audit of a script, or of a rehearsal or a run")
    add = parser.add_argument
    add("subject", metavar="SCRIPT|RUN", help="a Modal script, the folder of a rehearsal, or the id of a run")
    add("-o", "--output", type=Path, metavar="FILE", help=".md or .html; without it Markdown on stdout")
    add("--lang", choices=("en", "pt-BR"), default="en", help="language of the report (default en)")
    add("--model", metavar="ID", help="model by its hub name, where the script does not say it readably")
    add("--rows", type=int, metavar="N", help="rows of the data set")
    add("--tokens-per-row", type=float, metavar="N", help="mean tokens of a row")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the report; exit code 1 where a script has errors, or a rehearsal or a run failed."""
    kind = "md" if options.output is None else _SUFFIXES.get(options.output.suffix.lower())
    if kind is None:
        raise UserError(f"--output {options.output}: the name has to end in .md or .html")
    try:
        from tminus.report.audit.html import to_html
        from tminus.report.audit.markdown import to_markdown
        from tminus.report.audit.wording import Words
    except ImportError as error:
        raise UserError(
            f"a report needs {error.name}, not installed here. Install it: pip install 'tminus[report]'"
        ) from error
    document, failed = _document(options, Words(options.lang))
    text = to_html(document) if kind == "html" else to_markdown(document)
    if options.output is None:
        print(text, end="")
    else:
        _write(options.output, text)
    return EXIT_FOUND if failed else EXIT_OK


def _document(options: argparse.Namespace, words: Words) -> tuple[Document, bool]:
    """The document about what was named, and whether that failed."""
    path = Path(options.subject)
    if path.suffix == ".py":
        return _audit(path, options, words)
    if path.exists():
        return _rehearsal(path, options, words)
    return _run(options.subject, words)


def _audit(path: Path, options: argparse.Namespace, words: Words) -> tuple[Document, bool]:
    from tminus.facts import Facts
    from tminus.plan import Overrides
    from tminus.report.audit.build import audit_document
    from tminus.report.audit.evidence import Evidence
    from tminus.script import ScriptError

    overrides = Overrides(model=options.model, rows=options.rows, tokens_per_row=options.tokens_per_row)
    try:
        evidence = Evidence.of(path, Facts.bundled(), overrides)
    except ScriptError as error:
        raise UserError(str(error)) from error
    return audit_document(evidence, words), evidence.errors > 0


def _rehearsal(path: Path, options: argparse.Namespace, words: Words) -> tuple[Document, bool]:
    from tminus.facts import Facts
    from tminus.plan import Overrides, PlanError, plan_script
    from tminus.report.audit.rehearsal_document import rehearsal_document
    from tminus.report.audit.rehearsed import RecordError, read_rehearsal
    from tminus.script import Script, ScriptError

    try:
        rehearsed = read_rehearsal(path)
    except RecordError as error:
        raise UserError(str(error)) from error
    overrides = Overrides(model=options.model, rows=options.rows, tokens_per_row=options.tokens_per_row)
    try:
        plan = plan_script(Script.read(Path(rehearsed.script)), Facts.bundled(), overrides)
    except (ScriptError, PlanError):
        plan = None  # the script has gone, or says too little: the report says that there is no plan
    return rehearsal_document(rehearsed, plan, words), rehearsed.status != "passed"


def _run(run_id: str, words: Words) -> tuple[Document, bool]:
    from tminus.launch.record import RunStatus, RunStore, UnknownRunError
    from tminus.report.audit.run_document import run_document

    try:
        record = RunStore().get(run_id)
    except UnknownRunError as error:
        raise UserError(
            f"{run_id} is neither a file nor a run. {error}. Give a script (.py), the folder of a rehearsal, "
            "or the id of a run as `tminus runs` lists them"
        ) from error
    return run_document(record, words), record.status is RunStatus.FAILED


def _write(path: Path, text: str) -> None:
    from tminus.durable import write_text

    try:
        write_text(path, text)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error
    print(f"wrote {path}", file=sys.stderr)
