"""``tminus check``: static checks of Modal scripts, with fixes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tminus.check import Safety, Severity
from tminus.check.cache import FOLDER, VARIABLE, Cache, common_folder
from tminus.check.cached import check_cached
from tminus.check.codes import PLANNED_CODES, all_codes
from tminus.check.config import COLOURS, FORMATS, SEVERITIES, Config, ConfigError, find_config
from tminus.check.files import files_of
from tminus.check.reporting import reported
from tminus.check.selection import Selection, UnknownCodeError, known_prefix
from tminus.check.task import Checked, Task
from tminus.cli import EXIT_FOUND, EXIT_OK, EXIT_UNABLE, UserError
from tminus.report.findings_formats import rendered
from tminus.report.findings_outcome import Outcome
from tminus.report.style import Style

if TYPE_CHECKING:
    from tminus.check import Fixed
    from tminus.check.baseline import Baseline

_BASELINE = "tminus-baseline.json"

# The settings that change what is printed where nothing was found.
_OUTPUT = frozenset({"format", "color", "output-file", "baseline", "fix-only"})


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = subparsers.add_parser(
        "check",
        help="check Modal scripts against dated, sourced facts",
        description=(
            "Check Modal scripts without running them. Flags can stand in [tool.tminus] of the nearest "
            "pyproject.toml, by the same names. Exit codes: 0 nothing found, 1 findings, 2 a file or a "
            "setting cannot be used."
        ),
    )
    add = parser.add_argument
    add("paths", nargs="+", type=Path, metavar="PATH", help="a script, a folder of scripts, or - for stdin")
    add("--stdin-filename", type=Path, metavar="PATH", help="where the text of stdin is from")
    add(
        "--select", action="append", metavar="CODES", help="rules to run: codes or prefixes such as TM1,TM202"
    )
    add("--ignore", action="append", metavar="CODES", help="rules not to run")
    add("--severity", choices=SEVERITIES, help="the least that is shown")
    add("--exclude", action="append", metavar="PATTERN", help="paths to leave out of folders")
    add("--baseline", type=Path, metavar="FILE", help="known findings, which are not reported")
    add("--write-baseline", action="store_true", help=f"make what is found now the baseline ({_BASELINE})")
    for flag, words in (
        ("--fix", "make the fixes that keep what the script does"),
        ("--unsafe-fixes", "with --fix or --diff: also those that change it, as said with each"),
        ("--fix-only", "make fixes, and report nothing that is left"),
        ("--show-fixes", "say which fixes were made"),
        ("--plan", "also plan each training, and hold its timeout and the budget against it"),
        ("--live", "look up volumes, secrets and environments through the client"),
        ("--no-cache", "neither use nor keep what was found before"),
        ("--exit-zero", "exit with 0 also where something was found"),
    ):
        add(flag, action="store_const", const=True, help=words)
    add("--cache-dir", type=Path, metavar="DIR", help=f"where what was found is kept (default: {FOLDER})")
    add("--budget-usd", type=_dollars, metavar="USD", help="what a run may cost, with --plan")
    add("--diff", action="store_true", help="print what the fixes would change, and change nothing")
    add("--format", choices=FORMATS, help="how findings are printed (default: text)")
    add("--output-file", type=Path, metavar="FILE", help="where findings go instead of stdout")
    add("--color", choices=COLOURS, help="colours (default: auto, which heeds NO_COLOR and FORCE_COLOR)")
    add("--jobs", type=_positive, metavar="N", help="processes (default: as many as pay)")
    parser.set_defaults(run=run)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on is expected, not {text}")
    return int(text)


def _dollars(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not 0 < amount < float("inf"):
        raise argparse.ArgumentTypeError(f"a number of US dollars above 0 is expected, not {text}")
    return amount


@dataclass(frozen=True, slots=True)
class _Settings:
    """Flags, where they are given, else the configuration."""

    options: argparse.Namespace
    config: Config

    def get(self, key: str, otherwise: Any = None) -> Any:
        given = getattr(self.options, key.replace("-", "_"))
        return self.config.values.get(key, otherwise) if given is None else given

    def codes(self, key: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
        given = getattr(self.options, key)
        if given is None:
            values: tuple[str, ...] = self.config.values.get(key, otherwise)
            return values
        try:
            return tuple(known_prefix(one, all_codes()) for text in given for one in text.split(","))
        except UnknownCodeError as error:
            raise UserError(f"--{key}: {error}") from error

    @property
    def root(self) -> Path:
        return self.config.path.parent if self.config.path else Path.cwd()

    @property
    def baseline(self) -> Path | None:
        path: Path | None = self.get("baseline")
        return self.root / _BASELINE if path is None and self.options.write_baseline else path


def run(options: argparse.Namespace) -> int:
    """Check the paths; findings go to stdout, all else to stderr."""
    stdin = options.paths == [Path("-")]
    if not stdin and Path("-") in options.paths:
        raise UserError("-: stdin is checked alone, without other paths")
    named = [options.stdin_filename or Path("stdin.py")] if stdin else options.paths
    start = common_folder([str(path) for path in named])
    try:
        settings = _Settings(options, find_config(Path(start), all_codes()))
    except ConfigError as error:
        raise UserError(str(error)) from error
    task = _task(settings, None if stdin else start)
    checked = _check_stdin(options, task) if stdin else _check_paths(settings, task)
    changed = [one.fixed for one in checked if one.fixed is not None]
    if options.diff:
        return _diff(changed, checked, settings)
    if stdin and task.safeties:
        source = checked[0].source
        sys.stdout.buffer.write(source.data if source is not None else b"")
        sys.stdout.flush()
    elif changed:
        _write(changed, settings)
    if settings.get("fix-only"):
        return EXIT_OK if all(one.readable for one in checked) else EXIT_UNABLE
    if options.write_baseline:
        return _write_baseline(checked, settings, task)
    return _report(checked, settings, task, sys.stderr if stdin and task.safeties else sys.stdout)


def _task(settings: _Settings, start: str | None) -> Task:
    selection = Selection(settings.codes("select", ("TM",)), settings.codes("ignore", ()))
    extend = None
    if settings.get("plan"):
        from functools import partial

        from tminus.plan.findings import with_plan

        extend = partial(with_plan, budget_usd=settings.get("budget-usd"))
    else:
        selection = selection.without(PLANNED_CODES)
    live = bool(settings.get("live"))
    safeties = _safeties(settings)
    other = start is None or live or extend is not None or safeties or settings.get("no-cache")
    cache = _cache(settings, start) if start is not None and not other else None
    return Task(selection, settings.config, safeties, live, extend, cache)


def _cache(settings: _Settings, start: str) -> Cache | None:
    """The cache; None where its folder cannot be made."""
    options, config = settings.options, settings.config.values
    folder = options.cache_dir or os.environ.get(VARIABLE) or config.get("cache-dir", settings.root / FOLDER)
    flags = repr((options.select, options.ignore)) if options.select or options.ignore else ""
    cache = Cache(str(folder), start, flags, plain=_OUTPUT.isdisjoint(config))
    return cache if cache.make() else None


def _safeties(settings: _Settings) -> tuple[Safety, ...]:
    if not (settings.get("fix") or settings.get("fix-only") or settings.options.diff):
        return ()
    return (Safety.SAFE, Safety.UNSAFE) if settings.get("unsafe-fixes") else (Safety.SAFE,)


def _check_stdin(options: argparse.Namespace, task: Task) -> list[Checked]:
    path = options.stdin_filename or Path("stdin.py")
    from tminus.check.batch import check_source, unreadable
    from tminus.script import ScriptError, Source

    try:
        source = Source.of_bytes(path, sys.stdin.buffer.read())
    except (UnicodeDecodeError, SyntaxError) as error:
        return [unreadable(path, ScriptError(f"{path}: {error}"))]
    return [check_source(source, task)]


def _check_paths(settings: _Settings, task: Task) -> list[Checked]:
    exclude = settings.get("exclude", ())
    try:
        files = list(files_of(settings.options.paths, exclude, settings.root))
    except FileNotFoundError as error:
        raise UserError(str(error)) from error
    if not task.live:
        return check_cached(files, task, settings.get("jobs"))
    from tminus.check.live import LiveError

    try:
        return check_cached(files, task, settings.get("jobs"))
    except LiveError as error:
        raise UserError(str(error)) from error


def _diff(changed: Sequence[Fixed], checked: Sequence[Checked], settings: _Settings) -> int:
    from tminus.report.findings_diff import fixes_diff

    if changed:
        print(fixes_diff(changed, Style.of(sys.stdout, settings.get("color", "auto"))))
    if not all(one.readable for one in checked):
        _say_unreadable(checked)
        return EXIT_UNABLE
    return EXIT_FOUND if changed and not settings.get("exit-zero") else EXIT_OK


def _write(changed: Sequence[Fixed], settings: _Settings) -> None:
    from tminus.durable import write_bytes
    from tminus.report.findings_diff import fixes_text

    for one in changed:
        write_bytes(one.after.path, one.after.data)
    print(fixes_text(changed, bool(settings.get("show-fixes"))), file=sys.stderr)


def _write_baseline(checked: Sequence[Checked], settings: _Settings, task: Task) -> int:
    from tminus.check.baseline import BaselineError, write_baseline

    path = settings.baseline
    assert path is not None
    places = [place for one in checked if one.readable for place in one.places]
    try:
        count = write_baseline(path, places, [one.path for one in checked if one.readable], _runs(task))
    except BaselineError as error:
        raise UserError(str(error)) from error
    print(f"tminus: {path}: {count} known finding{'s' if count != 1 else ''}", file=sys.stderr)
    _say_unreadable(checked)
    return EXIT_OK if all(one.readable for one in checked) else EXIT_UNABLE


def _runs(task: Task) -> list[str]:
    return [code for code in all_codes() if task.selection.takes(code)]


def _report(checked: Sequence[Checked], settings: _Settings, task: Task, stream: Any) -> int:
    baseline = _baseline(checked, settings.baseline, task) if settings.baseline is not None else None
    pairs = reported(checked, Severity(settings.get("severity", "info")), baseline)
    outcome = Outcome(
        findings=[finding for finding, _ in pairs],
        places=[place for _, place in pairs],
        files=[one.path for one in checked],
        sources={one.path: one.source for one in checked if one.source is not None},
        root=settings.root,
    )
    output, how = settings.get("output-file"), settings.get("format", "text")
    colour = settings.get("color", "auto")
    if output is None:
        text = rendered(outcome, how, Style.of(stream, colour))
        print(text, end="\n" if text else "", file=stream)
    else:
        from tminus.durable import write_text

        write_text(output, rendered(outcome, how, Style(colour == "always")) + "\n")
    if not all(one.readable for one in checked):
        _say_unreadable(checked)
        return EXIT_UNABLE
    return EXIT_FOUND if pairs and not settings.get("exit-zero") else EXIT_OK


def _baseline(checked: Sequence[Checked], path: Path, task: Task) -> Baseline:
    """The baseline, after saying what of it is found no longer."""
    from tminus.check.baseline import Baseline, BaselineError

    try:
        baseline = Baseline.read(path)
    except BaselineError as error:
        raise UserError(str(error)) from error
    places = [place for one in checked for place in one.places]
    stale = baseline.stale(places, [one.path for one in checked if one.readable], _runs(task))
    for rule, file, symbol, text in stale:
        where = f"{file}, {symbol}()" if symbol else file
        print(f"tminus: {path}: found no longer: {rule} in {where}: {text}", file=sys.stderr)
    if stale:
        print("tminus: --write-baseline leaves out what is found no longer", file=sys.stderr)
    return baseline


def _say_unreadable(checked: Sequence[Checked]) -> None:
    for one in checked:
        if not one.readable:
            (finding,) = one.findings
            place = f"{one.path}:{finding.span.line}:{finding.span.column}"
            print(f"tminus: {place}: {finding.message}", file=sys.stderr)
