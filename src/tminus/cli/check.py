"""``tminus check``: static checks of Modal scripts, with fixes."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tminus.check import Finding, Fixed, Safety, check, fix
from tminus.cli import EXIT_FOUND, EXIT_OK, UserError
from tminus.durable import write_text
from tminus.facts import Facts
from tminus.report.findings_json import findings_json
from tminus.report.findings_text import findings_text
from tminus.report.paths import shown
from tminus.report.style import Style
from tminus.script import Script, ScriptError

_SKIPPED_FOLDERS = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", "site-packages"})


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser("check", help="check Modal scripts against dated, sourced facts")
    add = parser.add_argument
    add("paths", nargs="+", type=Path, metavar="PATH", help="a script, or a folder of scripts")
    add("--fix", action="store_true", help="make the fixes that keep what the script does")
    add("--unsafe-fixes", action="store_true", help="also make those that change it, as said with each")
    add("--diff", action="store_true", help="print what the fixes would change, and change nothing")
    add("--live", action="store_true", help="look up volumes, secrets and environments through the client")
    add("--format", choices=("text", "json"), default="text", help="how findings are printed")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the paths; print findings on stdout."""
    facts = Facts.bundled()
    scripts = [_read(path) for path in _files(options.paths)]
    if options.fix or options.diff:
        safeties = tuple(Safety) if options.unsafe_fixes else (Safety.SAFE,)
        fixed = [fix(script, facts, safeties) for script in scripts]
        changed = [one for one in fixed if one.applied]
        if options.diff:
            return _print_diffs(changed)
        _write(changed)
        scripts = [Script.parse(one.after) for one in fixed]
    findings = [finding for script in scripts for finding in _findings(script, facts, options.live)]
    if options.format == "json":
        json.dump(findings_json(findings, len(scripts)), sys.stdout, indent=2, ensure_ascii=False)
        print()
    else:
        print(findings_text(findings, len(scripts), Style.of(sys.stdout)))
    return EXIT_FOUND if findings else EXIT_OK


def _findings(script: Script, facts: Facts, live: bool) -> list[Finding]:
    findings = check(script, facts)
    if not live:
        return findings
    from tminus.check.live import LiveError, read_workspace, with_live

    try:
        return with_live(findings, read_workspace(), script, facts)
    except LiveError as error:
        raise UserError(str(error)) from error


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise UserError(f"{path}: no such file or folder")
        if path.is_file():
            yield path
            continue
        for file in sorted(path.rglob("*.py")):
            inside = file.relative_to(path).parts
            if not _SKIPPED_FOLDERS.intersection(inside) and b"modal" in file.read_bytes():
                yield file


def _read(path: Path) -> Script:
    try:
        return Script.read(path)
    except ScriptError as error:
        raise UserError(str(error)) from error


def _print_diffs(changed: Sequence[Fixed]) -> int:
    style = Style.of(sys.stdout)
    marks = {"+": style.green, "-": style.red, "@": style.blue}
    for one in changed:
        name = shown(one.before.path)
        for line in difflib.unified_diff(one.before.lines, one.after.lines, name, name):
            mark = marks.get(line[:1], str)
            print(mark(line.rstrip("\n")))
    return EXIT_FOUND if changed else EXIT_OK


def _write(changed: Sequence[Fixed]) -> None:
    for one in changed:
        write_text(one.after.path, one.after.text)
        for applied in one.applied:
            print(f"fixed {shown(one.after.path)}: {applied.title}", file=sys.stderr)
