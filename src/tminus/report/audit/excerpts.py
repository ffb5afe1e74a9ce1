"""Code in a report: the place of a finding, what a fix changes, what an option would look like."""

from __future__ import annotations

import ast
import difflib
import textwrap
from collections.abc import Iterator
from pathlib import Path

from tminus.check import Finding, Fix
from tminus.check.tokens import masked
from tminus.plan import Option
from tminus.report.audit.document import Code, CodeLine
from tminus.report.audit.wording import Words
from tminus.report.paths import shown
from tminus.script import Edit, ModalFunction, Script, Source, Span

# Of a longer place the beginning says what it is.
_MOST_LINES = 8
# Tabs and the marks that turn the direction of a text would show something else than what is there.
_SHOWN = {
    9: "    ",
    **dict.fromkeys((0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd"),
}
_BATCH_ARGUMENTS = ("trl", "transformers", "unsloth")


def place(span: Span, words: Words) -> str:
    """Where something is, in words: ``train.py, line 81``."""
    return words("{file}, line {line}", file=shown(span.path), line=str(span.line))


def excerpt(finding: Finding, script: Script, words: Words) -> Code | None:
    """The lines that a finding is about; None where its file cannot be read."""
    span = finding.span
    lines = _lines(span.path, script)
    if span.line > len(lines):
        return None
    last = min(span.end_line, span.line + _MOST_LINES - 1, len(lines))
    numbered = (CodeLine(_clean(lines[n - 1]), n, "!") for n in range(span.line, last + 1))
    return Code(place(span, words), tuple(numbered), "python" if span.path.suffix == ".py" else "text")


def change(fix: Fix, script: Script, words: Words) -> Code | None:
    """What a fix changes, as a diff; None where there is nothing to show."""
    if not fix.edits or any(edit.span.path != script.path for edit in fix.edits):
        return None
    lines = tuple(_differences(script.source, script.source.edited(fix.edits)))
    return Code(words("the change in {file}", file=shown(script.path)), lines, "diff") if lines else None


def _differences(before: Source, edited: str) -> Iterator[CodeLine]:
    after = Source(before.path, edited).lines
    for line in difflib.unified_diff(before.lines, after, n=1):
        if not line.startswith(("---", "+++", "@@")):
            yield CodeLine(_clean(line[1:]), mark=line[0].strip())


def option_code(
    option: Option, function: ModalFunction | None, trainer: str, script: Script, words: Words
) -> Code:
    """What an option looks like in the script: the function's decorators, and the split of the batch."""
    lines = list(_decorators(option, function, script))
    split = option.estimate.split
    if trainer in _BATCH_ARGUMENTS:
        lines += [
            "",
            f"# {words('and in the trainer’s arguments')}:",
            f"per_device_train_batch_size={split.micro_batch},",
            f"gradient_accumulation_steps={split.accumulation},",
        ]
    label = words("the function for {option}", option=option.name)
    return Code(label, tuple(CodeLine(_clean(line)) for line in lines), "python")


def _decorators(option: Option, function: ModalFunction | None, script: Script) -> Iterator[str]:
    hardware = option.hardware
    yield from _function_decorator(option.gpu, function, script)
    if hardware.nodes > 1:
        rdma = ", rdma=True" if hardware.rdma else ""
        yield f"@modal.clustered(size={hardware.nodes}{rdma})"
    yield f"def {function.name if function is not None else 'train'}(...): ..."


def _function_decorator(gpu: str, function: ModalFunction | None, script: Script) -> Iterator[str]:
    """The user's own decorator with another GPU request; a plain one where theirs cannot be edited."""
    for node in function.node.decorator_list if function is not None else ():
        given = [one for one in node.keywords if one.arg == "gpu"] if isinstance(node, ast.Call) else []
        if given:
            span, argument = script.source.span_of(node), script.source.span_of(given[0].value)
            first, last = span.line, span.end_line
            edited = script.source.edited([Edit(argument, f'"{gpu}"')])
            grown = edited.count("\n") - script.source.text.count("\n")
            text = "\n".join(edited.splitlines()[first - 1 : last + grown])
            yield from textwrap.dedent(text).splitlines()
            return
    yield f'@app.function(gpu="{gpu}")'


def _lines(path: Path, script: Script) -> list[str]:
    if path == script.path:
        return script.source.lines
    try:
        return Source.read(path).lines
    except (OSError, UnicodeDecodeError, SyntaxError):
        return []


def _clean(line: str) -> str:
    return masked(line.rstrip("\r\n")).translate(_SHOWN)
