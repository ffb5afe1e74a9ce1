"""Scripts as nobody would write them: mutations of real ones, drawn by hypothesis.

Each mutation takes a text and `pick`, which draws a number below another one; it gives the text back where it
finds nothing to change. What comes out need not be Python: the check has to say so, and must not fail.
"""

from __future__ import annotations

import ast
import copy
import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]

Pick = Callable[[int], int]
Mutation = Callable[[str, Pick, str], str]

_TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*|\s+|\"[^\"\n]*\"|'[^'\n]*'|[^\w\s]")
_NAME = re.compile(r"[^\W\d]\w*")
_LITERAL = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|\b\d[\w.]*")
_LITERALS = (
    "None",
    "...",
    "True",
    "-1",
    "0",
    "1",
    "10**400",
    "2**64",
    "1e400",
    "-0.0",
    "0x_f",
    "1_000",
    "3j",
    "''",
    "b'H100'",
    "f''",
    'f"{x}"',
    'f"H100:{n}"',
    'f"{f(1)!r:>{w}}"',
    '"H100:10"',
    '"H100!:8"',
    '"a100-80gb:-1"',
    '":"',
    '"H100:" * 10**9',
    '"%s" % ()',
    '"{}".format()',
    "'é😀\\u202e'",
    "'\\x00'",
    "[]",
    "()",
    "{}",
    "{*a}",
    "[*a, *b]",
    "{**a}",
    "(yield)",
    "(lambda: x)()",
    "[x for x in x]",
    "x if x else x",
    "(x := 1)",
    "not x",
    "x[::]",
    "x[...]",
    "x.y.z",
    "x(*x, **x)",
    "1 // 0",
    "1 % 0",
    "1 << 10**9",
    "2 ** 10**9",
    "-'a'",
    "1 < 2 < x",
    "modal",
    "app",
    "modal.App()",
    "os.environ['X']",
    "int('9' * 5000)",
    "'\\N{BULLET}'",
    "'a' 'b'",
    "await x",
)
_ODD = (
    "\ufeff",
    "\x00",
    "\x0c",
    "\u2028",
    "\u0085",
    "\u202e",
    "é",
    "😀",
    "ﬁ",
    "𝒙",
    "\r",
    "\r\r\n",
    "\t",
    "\\",
    "\\\n",
    "'''",
    '"""',
    "#",
    "# tminus: ignore[",
    "# tminus: ignore[TM1]",
    "# -*- coding: utf-7 -*-\n",
    "\u00a0",
    "\ud800",
)


def _spliced(parts: list[str], pick: Pick) -> list[str]:
    """A piece swapped with another, deleted, doubled, or moved."""
    at, other = pick(len(parts)), pick(len(parts))
    match pick(4):
        case 0:
            parts[at], parts[other] = parts[other], parts[at]
        case 1:
            del parts[at]
        case 2:
            parts.insert(other, parts[at])
        case _:
            parts.insert(other, parts.pop(at))
    return parts


def tokens(text: str, pick: Pick, donor: str) -> str:
    """A token swapped, deleted, doubled or moved."""
    found = _TOKEN.findall(text)
    return "".join(_spliced(found, pick)) if found else text


def foreign_token(text: str, pick: Pick, donor: str) -> str:
    """A token replaced by one of another script."""
    mine, others = list(_TOKEN.finditer(text)), _TOKEN.findall(donor)
    if not mine or not others:
        return text
    place = mine[pick(len(mine))]
    return text[: place.start()] + others[pick(len(others))] + text[place.end() :]


def names(text: str, pick: Pick, donor: str) -> str:
    """A name replaced by another of the script: values that lead back to themselves."""
    found = list(_NAME.finditer(text))
    if not found:
        return text
    place, other = found[pick(len(found))], found[pick(len(found))]
    return text[: place.start()] + other[0] + text[place.end() :]


def lines(text: str, pick: Pick, donor: str) -> str:
    """A line swapped, deleted, doubled or moved."""
    found = text.splitlines(keepends=True)
    return "".join(_spliced(found, pick)) if found else text


def block_of_another(text: str, pick: Pick, donor: str) -> str:
    """Some lines of another script put in."""
    mine, others = text.splitlines(keepends=True), donor.splitlines(keepends=True)
    start = pick(len(others) + 1)
    at = pick(len(mine) + 1)
    return "".join([*mine[:at], *others[start : start + 1 + pick(12)], *mine[at:]])


def indentation(text: str, pick: Pick, donor: str) -> str:
    """Some lines further in or out."""
    found = text.splitlines(keepends=True)
    if not found:
        return text
    start = pick(len(found))
    for number in range(start, min(len(found), start + 1 + pick(8))):
        line = found[number]
        found[number] = ["    " + line, "\t" + line, line.removeprefix("    "), line.lstrip(" ")][pick(4)]
    return "".join(found)


def literals(text: str, pick: Pick, donor: str) -> str:
    """A number or a string replaced by another expression."""
    found = list(_LITERAL.finditer(text))
    if not found:
        return text
    place = found[pick(len(found))]
    return text[: place.start()] + _LITERALS[pick(len(_LITERALS))] + text[place.end() :]


def characters(text: str, pick: Pick, donor: str) -> str:
    """A character that editors, parsers or encodings treat in their own way."""
    at = pick(len(text) + 1)
    return text[:at] + _ODD[pick(len(_ODD))] + text[at + pick(2) :]


def truncated(text: str, pick: Pick, donor: str) -> str:
    """Only the beginning or only the end."""
    at = pick(len(text) + 1)
    return text[:at] if pick(2) else text[at:]


def surgery(text: str, pick: Pick, donor: str) -> str:
    """An expression or statement of the tree replaced, wrapped, doubled or taken from another script."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree, other = ast.parse(text), ast.parse(donor)
        changed = _expression(tree, other, pick) if pick(2) else _statement(tree, other, pick)
        return ast.unparse(ast.fix_missing_locations(changed))
    except (SyntaxError, ValueError, RecursionError, TypeError, AttributeError):
        return text


def _expression(tree: ast.Module, other: ast.Module, pick: Pick) -> ast.Module:
    mine = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
    source = mine if pick(2) else [node for node in ast.walk(other) if isinstance(node, ast.expr)]
    if not mine or not source:
        return tree
    target, new = mine[pick(len(mine))], copy.deepcopy(source[pick(len(source))])
    name, load = ast.Name("x", ast.Load()), ast.Load()
    arguments = ast.arguments([], [ast.arg("x")], None, [], [], None, [new])
    wrapped: list[ast.expr] = [
        new,
        ast.Lambda(arguments, new),
        ast.IfExp(new, copy.deepcopy(target), name),
        ast.Await(new),
        ast.NamedExpr(ast.Name("x", ast.Store()), new),
        ast.Starred(new, load),
        ast.Tuple([new, new], load),
        ast.Subscript(new, ast.Slice(None, name, new), load),
        ast.Attribute(new, "x", load),
        ast.ListComp(new, [ast.comprehension(ast.Name("x", ast.Store()), new, [new], 0)]),
        ast.JoinedStr([ast.FormattedValue(new, 114, None), ast.Constant("x")]),
        ast.Call(new, [new], []),
        ast.Call(new, [ast.Starred(new, load)], [ast.keyword(None, new)]),
        ast.BinOp(new, ast.Mult(), new),
        ast.Dict([None, new], [new, new]),
        ast.Compare(new, [ast.In(), ast.Lt()], [new, name]),
        ast.YieldFrom(new),
        ast.UnaryOp(ast.USub(), new),
        ast.BoolOp(ast.Or(), [new, name]),
    ]
    replacement = wrapped[pick(len(wrapped))]

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return replacement if node is target else super().visit(node)

    changed = Replace().visit(tree)
    assert isinstance(changed, ast.Module)
    return changed


def _statement(tree: ast.Module, other: ast.Module, pick: Pick) -> ast.Module:
    bodies = [node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list)]
    source = [node for node in ast.walk(tree if pick(2) else other) if isinstance(node, ast.stmt)]
    body = bodies[pick(len(bodies))]
    if not source or not body:
        return tree
    new = copy.deepcopy(source[pick(len(source))])
    none = ast.arguments([], [], None, [], [], None, [])
    name = ast.Name("x", ast.Load())
    store = ast.Name("x", ast.Store())
    wrapped: list[ast.stmt] = [
        new,
        ast.If(name, [new], [new]),
        ast.For(store, name, [new], []),
        ast.While(name, [new], [new]),
        ast.Try([new], [ast.ExceptHandler(name, "x", [new])], [], [new]),
        ast.With([ast.withitem(name, store)], [new]),
        ast.FunctionDef("train", none, [new], [name], None, None),
        ast.AsyncFunctionDef("app", none, [new], [], None, None),
        ast.ClassDef("train", [name], [], [new], [name]),
        ast.Match(name, [ast.match_case(ast.MatchAs(None, "x"), None, [new])]),
        ast.Return(name),
        ast.Delete([ast.Name("app", ast.Del())]),
        ast.Global(["app", "x"]),
        ast.Pass(),
        ast.ImportFrom("modal", [ast.alias("*")], 0),
        ast.ImportFrom(None, [ast.alias("train")], 2),
        ast.AugAssign(ast.Name("app", ast.Store()), ast.Add(), name),
    ]
    at = pick(len(body))
    match pick(3):
        case 0:
            body[at] = wrapped[pick(len(wrapped))]
        case 1:
            body.insert(at, wrapped[pick(len(wrapped))])
        case _:
            body[at:] = [wrapped[pick(len(wrapped))]]
    return tree


MUTATIONS: tuple[Mutation, ...] = (
    tokens,
    foreign_token,
    names,
    names,
    lines,
    block_of_another,
    indentation,
    literals,
    literals,
    characters,
    truncated,
    surgery,
    surgery,
    surgery,
)


def scripts_of_the_repository() -> list[Path]:
    """Every script that the examples and the tests have."""
    folders = (
        "examples",
        "tests/check",
        "tests/controlplane/scripts",
        "tests/rehearse/scripts",
        "src/tminus/train",
    )
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@st.composite
def mutants(draw: st.DrawFn, scripts: Sequence[tuple[Path, str]]) -> tuple[Path, str]:
    """A script's path, and its text after one to five mutations."""

    def pick(below: int) -> int:
        return draw(st.integers(0, max(0, below - 1)))

    path, text = scripts[pick(len(scripts))]
    for _ in range(1 + pick(5)):
        text = MUTATIONS[pick(len(MUTATIONS))](text, pick, scripts[pick(len(scripts))][1])
    return path, text
