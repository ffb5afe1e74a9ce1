"""Text that a script writes to files, and where in the script a line of it stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from tminus.script.evaluate import Evaluator
from tminus.script.scopes import Scope
from tminus.script.source import Source, Span
from tminus.script.values import Unknown, Value, possible
from tminus.script.walk import Placed
from tminus.script.words import GAP, Reader
from tminus.script.yaml_values import UNREAD, read_yaml

_DUMPS = frozenset({"yaml.dump", "yaml.safe_dump", "json.dump", "yaml.dumps", "json.dumps"})
_SAME_TEXT = frozenset({"strip", "lstrip", "rstrip", "format", "replace"})


@dataclass(frozen=True, slots=True)
class Written:
    """A text, or what is dumped as one, that a script writes to a file.

    Attributes:
        paths: What the path can be; empty where that cannot be read.
        content: What is written: text, or a dict that is dumped.
        scope: The scope of the content.
    """

    paths: tuple[str, ...]
    content: ast.expr
    scope: Scope


def written_files(placed: Sequence[Placed], evaluator: Evaluator) -> Iterator[Written]:
    """Every ``Path(...).write_text(text)``, ``file.write(text)`` and ``yaml.dump(values, file)``."""
    opened = dict(_opened(placed))
    for one in placed:
        match one.node:
            case ast.Call(func=ast.Attribute(value=path, attr="write_text"), args=[content, *_]):
                yield Written(_paths(evaluator, path, one.scope), content, one.scope)
            case ast.Call(func=ast.Attribute(value=file, attr="write"), args=[content]):
                yield Written(_paths_of_file(evaluator, file, one.scope, opened), content, one.scope)
            case ast.Call(func=callee, args=[content, file, *_]) if evaluator.dotted_name(callee) in _DUMPS:
                yield Written(_paths_of_file(evaluator, file, one.scope, opened), content, one.scope)


def values_written(written: Written, evaluator: Evaluator, assumed: str | None) -> dict[str, Value] | Unknown:
    """What a written YAML text, or a dumped dict, says; why not, where that cannot be read."""
    content = written.content
    if isinstance(content, ast.Call) and evaluator.dotted_name(content.func) in _DUMPS and content.args:
        content = content.args[0]
    unpacked = ast.copy_location(ast.Call(content, [], [ast.keyword(None, content)]), content)
    values = evaluator.keywords(unpacked, written.scope)
    if set(values) != {"**"}:
        return values
    return yaml_text_of(content, written.scope, evaluator, assumed)


def yaml_text_of(
    node: ast.expr, scope: Scope, evaluator: Evaluator, assumed: str | None
) -> dict[str, Value] | Unknown:
    """What the YAML text that an expression makes says; its parts that cannot be read are unknown."""
    ways = [way for way in Reader(evaluator).read(node, scope) if isinstance(way, str) and way != GAP]
    if len(ways) != 1:
        return evaluator.unknown(node, "the text cannot be read")
    text = ways[0].replace(GAP, UNREAD)
    literal, home = _literal(node, scope, evaluator)
    lines = Lines(text, home.source, home.source.span_of(literal))
    return read_yaml(text, lines.place, assumed)


def _opened(placed: Sequence[Placed]) -> Iterator[tuple[tuple[int, str], tuple[ast.expr, Scope]]]:
    """Names of files that are open for writing in a scope, with the expression of the path."""
    for one in placed:
        node = one.node
        pairs: list[tuple[ast.expr | None, ast.expr]] = []
        if isinstance(node, ast.With):
            pairs = [(item.optional_vars, item.context_expr) for item in node.items]
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            pairs = [(node.targets[0], node.value)]
        for target, call in pairs:
            path = _opened_path(call)
            if isinstance(target, ast.Name) and path is not None:
                yield (id(one.scope), target.id), (path, one.scope)


def _opened_path(node: ast.expr) -> ast.expr | None:
    match node:
        case ast.Call(func=ast.Name(id="open"), args=[path, *_]):
            return path
        case ast.Call(func=ast.Attribute(value=path, attr="open")):
            return path
    return None


def _paths_of_file(
    evaluator: Evaluator,
    file: ast.expr,
    scope: Scope,
    opened: dict[tuple[int, str], tuple[ast.expr, Scope]],
) -> tuple[str, ...]:
    if isinstance(file, ast.Name) and (id(scope), file.id) in opened:
        return _paths(evaluator, *opened[id(scope), file.id])
    path = _opened_path(file)
    return _paths(evaluator, path, scope) if path is not None else ()


def _paths(evaluator: Evaluator, node: ast.expr, scope: Scope) -> tuple[str, ...]:
    found = [one.value.value for one in possible(evaluator.evaluate(node, scope))]
    return tuple(str(path) for path in found if isinstance(path, str | PurePosixPath))


def _literal(node: ast.expr, scope: Scope, evaluator: Evaluator) -> tuple[ast.expr, Evaluator]:
    """The literal that a text is made from, through names and methods; and what reads its file."""
    for _ in range(8):
        match node:
            case ast.Name(id=name):
                found = scope.lookup(name)
                if found is None:
                    break
                owner, assigned = found
                if name in owner.bound:
                    node, scope = owner.bound[name]
                elif len(assigned) == 1 and assigned[0] is not None:
                    node, scope = assigned[0], owner
                elif not assigned and owner.defaults.get(name) is not None:
                    node, scope = owner.defaults[name] or node, owner.parent or owner
                else:
                    break
            case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in _SAME_TEXT:
                node = inner
            case ast.Call(args=[inner, *_]):
                node = inner
            case _:
                break
    return node, scope.home or evaluator


class Lines:
    """Finds the lines of a text in the literal that it was made from.

    A literal is rarely its text character by character: it is dedented, holds escapes, or the fields of an
    f-string. So a line is looked for as a whole, then by its key.

    Args:
        text: The text.
        source: The file of the literal.
        region: Where the literal is.
    """

    def __init__(self, text: str, source: Source, region: Span) -> None:
        self._text = text
        self._region = region
        self._written = [
            (number, source.lines[number - 1].rstrip("\r\n"))
            for number in range(region.line, region.end_line + 1)
        ]

    def place(self, start: int, end: int) -> Span:
        """The span of some characters of the text; of the literal, where their line is not found in it."""
        begin = self._text.rfind("\n", 0, start) + 1
        stop = self._text.find("\n", start)
        whole = self._text[begin : stop if stop >= 0 else len(self._text)]
        line = whole.strip()
        number, text, same = self._line(line)
        if not number:
            return self._region
        if same:
            column = text.rfind(line) + (start - begin) - whole.find(line)
            length = min(end, begin + len(whole)) - start
        else:
            column = text.find(":") + 1
            column += len(text[column:]) - len(text[column:].lstrip())
            length = len(text) - column
        return Span(self._region.path, number, column + 1, number, column + 1 + max(1, length))

    def _line(self, line: str) -> tuple[int, str, bool]:
        """Number and text of the only line like this one, and whether it is the same; number 0 for none."""
        first = self._region.line
        equal = [
            (number, text)
            for number, text in self._written
            if text.strip() == line or (number == first and text.endswith(line))
        ]
        if line and len(equal) == 1:
            return *equal[0], True
        key = f"{line.partition(':')[0].lstrip('- ')}:"
        keyed = [one for one in self._written if one[1].lstrip("- ").startswith(key)]
        return (*keyed[0], False) if line and len(keyed) == 1 else (0, "", False)
