"""Files that cannot be checked, as findings among the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tminus.check.finding import Finding, Severity
from tminus.check.rule import Report, Rule
from tminus.script import ScriptError, Span


def unreadable(path: Path, error: ScriptError) -> Iterator[Report]:
    """Give the checker files that it can read.

    ## What it does
    Says that a file could not be checked: it is not Python of the version that runs this tool, not in the
    encoding that it declares, or not readable. The others are checked all the same; the exit code is 2.

    ## Why is this bad?
    Nothing is known about the file.

    ## Example
    ```python
    def train(:
        ...
    ```

    ## Use instead
    ```python
    def train():
        ...
    ```

    ## Fix safety
    No fix: what was meant is not known.

    ## Limit and source
    The grammar of the Python that runs the tool, https://docs.python.org/3/reference/grammar.html.
    """
    cause = error.__cause__
    line, column, message = 1, 1, str(error).removeprefix(f"{path}: ")
    if isinstance(cause, SyntaxError) and cause.lineno:
        line, column, message = cause.lineno, max(1, cause.offset or 1), cause.msg
    yield Report(
        Span(path, line, column, line, column + 1),
        f"the file was not checked: {message}",
        advice="Mend it, or leave it out with `exclude`.",
    )


UNREADABLE = Rule("TM000", "unreadable-file", Severity.ERROR, unreadable)


def unreadable_finding(path: Path, error: ScriptError) -> Finding:
    """The finding that says why a file was not checked."""
    (report,) = unreadable(path, error)
    return UNREADABLE.finding(report)
