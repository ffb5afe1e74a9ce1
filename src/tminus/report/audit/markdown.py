"""A document as Markdown that GitHub shows as it is meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tminus.report.audit.document import (
    Badge,
    Block,
    Bullets,
    Callout,
    Code,
    CodeLine,
    Document,
    Figure,
    Inline,
    Link,
    Mono,
    Paragraph,
    Prose,
    Section,
    Strong,
    Table,
    Tasks,
    Term,
    Terms,
    Tone,
)

_SIGNS = {Tone.BAD: "❌", Tone.WARN: "⚠️", Tone.GOOD: "✅", Tone.PLAIN: "ℹ️"}
_ALERTS = {Tone.BAD: "CAUTION", Tone.WARN: "WARNING", Tone.GOOD: "TIP", Tone.PLAIN: "NOTE"}


def to_markdown(document: Document) -> str:
    """The document; its pictures are given in words."""
    parts = [f"# {_escaped(document.title)}", _inline(document.about)]
    contents = [f"- [{_escaped(one.title)}](#{one.anchor})" for one in document.sections]
    parts += ["\n".join(contents)]
    for section in document.sections:
        parts += _section(section, 2)
    return "\n\n".join(parts) + "\n"


def _section(section: Section, level: int) -> Iterator[str]:
    yield f'<a id="{section.anchor}"></a>\n\n{"#" * level} {_escaped(section.title)}'
    for block in section.blocks:
        yield from _block(block, level)


def _block(block: Block, level: int) -> Iterator[str]:
    match block:
        case Section():
            yield from _section(block, level + 1)
        case Paragraph(content):
            yield _inline(content)
        case Callout(tone, title, content):
            yield f"> [!{_ALERTS[tone]}]\n> **{_escaped(title)}**\n>\n> {_inline(content)}"
        case Bullets(items, ordered):
            yield "\n".join(
                f"{f'{number}.' if ordered else '-'} {_inline(one)}" for number, one in enumerate(items, 1)
            )
        case Tasks(items):
            yield "\n".join(f"- [ ] {_inline(one)}" for one in items)
        case Terms(items):
            yield "\n".join(f"- {_term(one)}: {_inline(one.content)}" for one in items)
        case Table():
            yield _table(block)
        case Code():
            yield _code(block)
        case Figure(_, caption, description):
            yield f"*{_escaped(caption)}.* {_escaped(description)}"


def _term(term: Term) -> str:
    return f"`{term.name}`" if term.code else f"**{_escaped(term.name)}**"


def _table(table: Table) -> str:
    rules = ["---:" if number in table.numeric else "---" for number in range(len(table.head))]
    lines = [[_escaped(one) for one in table.head], rules]
    for row in table.rows:
        first, *others = (_cell(one) for one in row.cells)
        lines.append([f"**{first}**" if row.tone is Tone.GOOD and first else first, *others])
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"*{_escaped(table.caption)}*\n\n{rows}"


def _code(code: Code) -> str:
    numbers = [line.number for line in code.lines if line.number is not None]
    width = len(str(max(numbers))) if numbers else 0
    lines = [_line(line, width, code.language) for line in code.lines]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", "\n".join(lines))), default=0))
    language = "text" if numbers and code.language == "python" else code.language
    label = f"{_escaped(code.label)}:\n\n" if code.label else ""
    return f"{label}{fence}{language}\n" + "\n".join(lines) + f"\n{fence}"


def _line(line: CodeLine, width: int, language: str) -> str:
    if language == "diff":
        return f"{line.mark or ' '}{line.text}"
    if line.number is None:
        return line.text
    mark = ">" if line.mark else " "
    return f"{mark} {str(line.number).rjust(width)} | {line.text}".rstrip()


def _inline(content: Prose) -> str:
    return "".join(_one(part) for part in content)


def _cell(content: Prose) -> str:
    return _inline(content).replace("|", "\\|").replace("\n", " ")


def _one(part: Inline) -> str:
    match part:
        case Mono(words):
            fence = "``" if "`" in words else "`"
            return f"{fence}{words}{fence}"
        case Strong(words):
            return f"**{_escaped(words)}**"
        case Link(words, address):
            return f"[{_escaped(words)}]({address})"
        case Badge(words, tone):
            return f"{_SIGNS[tone]} {_escaped(words)}"
        case _:
            return _escaped(part.words)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_<>\[\]#|])", r"\\\1", text)
