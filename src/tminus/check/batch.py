"""Checking many files, in several processes where that pays."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.check.checker import check
from tminus.check.codes import rule_modules
from tminus.check.rule import load_rule
from tminus.check.task import Checked, Task
from tminus.facts import Facts
from tminus.looked import look, recording
from tminus.script import Script, ScriptError, Source

if TYPE_CHECKING:
    from tminus.check.finding import Finding
    from tminus.check.places import Place

# What a file costs, by its size, and what a process has to save to be worth its start. Measured on 2 cores.
_FILE_S, _BYTE_S, _PROCESS_S = 0.004, 1.0e-6, 0.1


def check_source(source: Source, task: Task) -> Checked:
    """Check one source."""
    try:
        return _check(Script.parse(source), task)
    except ScriptError as error:
        return unreadable(source.path, error)


def check_file(path: Path, task: Task) -> Checked:
    """Check one file, and keep what was found where the task names a cache."""
    if task.cache is None:
        return _check_file(path, task)
    from tminus.check.cached import keep

    since_ns = time.time_ns()
    with recording() as looks:
        look(path, within=True)
        checked = _check_file(path, task)
    keep(task.cache, checked, looks, since_ns)
    return checked


def _check_file(path: Path, task: Task) -> Checked:
    try:
        return _check(Script.read(path), task)
    except ScriptError as error:
        return unreadable(path, error)


def check_files(paths: Sequence[Path], task: Task, jobs: int | None = None) -> Iterator[Checked]:
    """Check files, in their order.

    Args:
        paths: The files.
        task: What to do with each.
        jobs: How many processes, by default as many as there are processors where that pays.
    """
    if jobs is None:
        jobs = _jobs(paths)
    with _few_collections():
        if jobs <= 1 or len(paths) <= 1:
            for path in paths:
                yield check_file(path, task)
        else:
            yield from _check_in_processes(paths, task, jobs)


def _jobs(paths: Sequence[Path]) -> int:
    """How many processes pay: each has to have enough to do."""
    work_s = sum(_FILE_S + _BYTE_S * path.stat().st_size for path in paths if path.is_file())
    return min(os.cpu_count() or 1, int(work_s / _PROCESS_S))


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for cycles of objects seldom: syntax trees are many objects and hold none."""
    before = gc.get_threshold()
    gc.enable()
    gc.set_threshold(50_000, 20, 50)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def _check_in_processes(paths: Sequence[Path], task: Task, jobs: int) -> Iterator[Checked]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # A fork starts with the facts and rules that are loaded here.
    Facts.bundled()
    for code in filter(task.selection.takes, rule_modules()):
        load_rule(code)
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(min(jobs, len(paths)), mp_context=context) as pool:
        chunk = max(1, min(16, len(paths) // (8 * jobs)))
        yield from pool.map(partial(check_file, task=task), paths, chunksize=chunk)


def _check(script: Script, task: Task) -> Checked:
    facts = Facts.bundled()
    selection = task.selection.without(task.config.ignored_in(script.path))
    fixed = None
    if task.safeties:
        from tminus.check.fixing import fix

        made = fix(script, facts, task.safeties, selection)
        if made.mended:
            fixed, script = made, Script.parse(made.after)
    findings = check(script, facts, selection, partial(_extended, task=task))
    return Checked(script.path, script.source, tuple(findings), _places(findings, script), fixed)


def _places(findings: Sequence[Finding], script: Script) -> tuple[Place, ...]:
    if not findings:
        return ()
    from tminus.check.places import places_of  # only where something was found

    return places_of(findings, script)


def unreadable(path: Path, error: ScriptError) -> Checked:
    """What is said of a file that cannot be checked."""
    from tminus.check.places import Place
    from tminus.check.problem import unreadable_finding

    finding = unreadable_finding(path, error)
    return Checked(path, None, (finding,), (Place(finding.code, path, "", finding.message),), readable=False)


def _extended(findings: list[Finding], script: Script, facts: Facts, task: Task) -> list[Finding]:
    """What the rules found, with what else the task asks for."""
    if task.extend is not None:
        findings = task.extend(findings, script, facts)
    if not task.live:
        return findings
    from tminus.check.live import read_workspace, with_live

    return with_live(findings, read_workspace(), script, facts)
