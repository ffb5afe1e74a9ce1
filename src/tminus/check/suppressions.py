"""Comments that silence findings, and the findings about such comments.

``# tminus: ignore[TM101] why`` on a line silences findings that begin or end there; on a line of its own,
those of the next line. ``# tminus: ignore-file[TM101] why`` on a line of its own silences a rule in the file.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tminus.check.finding import Finding, Fix, Safety, Severity
from tminus.check.rule import Report, Rule
from tminus.check.selection import UnknownCodeError, known_prefix
from tminus.lazy import pattern
from tminus.script import Edit, Script, Source, Span

_DIRECTIVE = pattern(r"#\s*tminus:\s*(?P<word>[\w-]+)\s*(?:\[(?P<codes>[^\]#]*)\])?")
_WORDS = ("ignore", "ignore-file")


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment that silences rules.

    Attributes:
        word: ``ignore`` or ``ignore-file``.
        codes: The codes and prefixes as written; empty without brackets.
        line: The line whose findings it silences; 0 for the whole file.
        span: The directive, from its ``#`` on.
        list_span: What stands between the brackets.
        end: Where the comment ends: the column after its last character.
        alone: Whether nothing else stands on its line.
    """

    word: str
    codes: tuple[str, ...]
    line: int
    span: Span
    list_span: Span | None
    end: int
    alone: bool


def ignores_in(source: Source) -> tuple[Ignore, ...]:
    """Every comment of a source that is meant for this tool."""
    if "tminus:" not in source.text:
        return ()
    return tuple(_ignores(source))


def _ignores(source: Source) -> Iterator[Ignore]:
    comments = list(_comments(source))
    alone = {line for line, column, _ in comments if not source.lines[line - 1][: column - 1].strip()}
    for line, column, text in comments:
        match = _DIRECTIVE.search(text)
        if match is None or (match["word"] not in _WORDS and match["codes"] is None):
            continue
        start = column + match.start()
        codes = tuple(part.strip() for part in (match["codes"] or "").split(",") if part.strip())
        target = line
        while target in alone:
            target += 1
        yield Ignore(
            match["word"],
            codes,
            0 if match["word"] == "ignore-file" else target,
            Span(source.path, line, start, line, column + match.end()),
            None
            if match["codes"] is None
            else Span(source.path, line, column + match.start("codes"), line, column + match.end("codes")),
            column + len(text),
            line in alone,
        )


def _comments(source: Source) -> Iterator[tuple[int, int, str]]:
    """Line, column and text of every comment."""
    import tokenize

    lines = io.StringIO("".join(line.rstrip("\r\n") + "\n" for line in source.lines))
    try:
        for token in tokenize.generate_tokens(lines.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.start[1] + 1, token.string
    except (tokenize.TokenError, SyntaxError):
        # The parser reads files that this tokenizer does not; comments after the place stay unread.
        return


def silenced(
    findings: Sequence[Finding], script: Script, runs: Callable[[str], bool], codes: Sequence[str]
) -> list[Finding]:
    """The findings that no comment silences, with those about comments.

    Args:
        findings: What the rules found in the script.
        script: The script.
        runs: Whether a rule ran, by its code: only then can a comment be known to silence nothing.
        codes: Every code that there is.
    """
    ignores = ignores_in(script.source)
    if not ignores:
        return list(findings)
    used: set[tuple[int, str]] = set()
    kept = []
    for finding in findings:
        by = [
            (number, code)
            for number, ignore in enumerate(ignores)
            for code in ignore.codes
            if finding.code.startswith(code.upper()) and _covers(ignore, finding, script)
        ]
        used.update(by)
        if not by:
            kept.append(finding)
    for number, ignore in enumerate(ignores):
        here = [one.code for one in findings if ignore.line and _covers(ignore, one, script)]
        unused = [code for code in ignore.codes if (number, code) not in used]
        malformed = [MALFORMED_IGNORE.finding(one) for one in malformed_ignore(ignore, here, codes)]
        idle = [code for code in unused if all(runs(one) for one in codes if one.startswith(code.upper()))]
        reports = unused_ignore(ignore, idle, script.source) if not malformed else ()
        kept += [*malformed, *(UNUSED_IGNORE.finding(one) for one in reports)]
    return [one for one in kept if runs(one.code)]


def _covers(ignore: Ignore, finding: Finding, script: Script) -> bool:
    if ignore.word not in _WORDS:
        return False
    if ignore.line == 0:
        return ignore.alone
    return finding.span.path == script.path and ignore.line in (finding.span.line, finding.span.end_line)


def unused_ignore(ignore: Ignore, idle: Sequence[str], source: Source) -> Iterator[Report]:
    """Remove comments that silence nothing.

    ## What it does
    Looks for `# tminus: ignore[...]` and `# tminus: ignore-file[...]` with codes that find nothing there.
    Only codes whose rules ran are judged: with `--select TM1` a comment for TM202 is left alone.

    ## Why is this bad?
    The comment stays when the mistake has gone, and silences the next one.

    ## Example
    ```python
    @app.function(gpu="H100:8")  # tminus: ignore[TM101] eight are allowed
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:8")
    def train(): ...
    ```

    ## Fix safety
    Safe: only the comment, or the code in its brackets, is removed.

    ## Limit and source
    None: the script is held against itself.
    """
    if idle:
        where = "in this file" if ignore.line == 0 else f"on line {ignore.line}"
        yield Report(
            ignore.span,
            f"the comment silences {', '.join(idle)}, which finds nothing {where}",
            fix=_removal(ignore, [code for code in ignore.codes if code not in idle], source),
            advice="Remove it, so that it cannot hide a later mistake.",
        )


def malformed_ignore(ignore: Ignore, here: Sequence[str], codes: Sequence[str]) -> Iterator[Report]:
    """Name rules that exist in comments that silence findings.

    ## What it does
    Looks for comments of this tool that name no rule, name one that does not exist, or are misspelled.

    ## Why is this bad?
    They silence nothing. A comment that silenced every rule would hide what was not known when it was
    written.

    ## Example
    ```python
    @app.function(gpu="H100:10")  # tminus: ignore
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function(gpu="H100:10")  # tminus: ignore[TM101] our workspace has an agreement
    def train(): ...
    ```

    ## Fix safety
    Display only: the codes that were found on the line are shown, and it is for you to say which are meant.

    ## Limit and source
    None: the comment is held against the rules that exist.
    """
    problem = _problem(ignore, codes)
    if problem is not None:
        named = ", ".join(sorted(set(here)))
        fix = None
        if named and not ignore.codes and ignore.word in _WORDS:
            edit = Edit(ignore.span, f"# tminus: {ignore.word}[{named}]")
            fix = Fix(f"Name {named}, found here", (edit,), Safety.DISPLAY)
        advice = "Write # tminus: ignore[CODE] and the reason, with the codes that are meant."
        yield Report(ignore.span, problem, fix=fix, advice=advice)


UNUSED_IGNORE = Rule("TM001", "unused-ignore", Severity.WARNING, unused_ignore)
MALFORMED_IGNORE = Rule("TM002", "malformed-ignore", Severity.WARNING, malformed_ignore)


def _problem(ignore: Ignore, codes: Sequence[str]) -> str | None:
    if ignore.word not in _WORDS:
        return f"tminus knows no comment {ignore.word!r}; there are {' and '.join(_WORDS)}"
    if ignore.word == "ignore-file" and not ignore.alone:
        return "ignore-file has to stand on a line of its own; here it silences nothing"
    if not ignore.codes:
        return f"the comment names no rule, and so silences nothing: {ignore.word} needs codes in brackets"
    for code in ignore.codes:
        try:
            known_prefix(code, codes)
        except UnknownCodeError as error:
            return str(error)
    return None


def _removal(ignore: Ignore, left: Sequence[str], source: Source) -> Fix:
    if left and ignore.list_span is not None:
        return Fix(
            "Remove the codes that silence nothing", (Edit(ignore.list_span, ", ".join(left)),), Safety.SAFE
        )
    span = ignore.span
    text = source.lines[span.line - 1]
    if ignore.alone and not text[: span.column - 1].strip():
        whole = Span(span.path, span.line, 1, span.line, len(text) + 1)
    else:
        start = len(text[: span.column - 1].rstrip()) + 1
        whole = Span(span.path, span.line, start, span.line, ignore.end)
    return Fix("Remove the comment", (Edit(whole, ""),), Safety.SAFE)
