"""Which columns and splits of a data set a script's code reads: the schema of one that is not bundled."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from tminus.facts import DatasetShape
from tminus.script import Script, ScriptError

# Methods of a data set, and keywords of trainers, that take a function of a row or of a batch of rows.
_ROW_METHODS = frozenset({"map", "filter"})
_ROW_KEYWORDS = frozenset({"formatting_func", "function", "collate_fn", "data_collator"})
# Keywords and methods that name columns themselves.
_COLUMN_KEYWORDS = frozenset({"dataset_text_field", "remove_columns", "input_columns", "text_column"})
_COLUMN_METHODS = frozenset({"select_columns", "remove_columns", "rename_column", "class_encode_column"})
# What a trainer asks for where no function prepares the rows; TRL, "Dataset formats and types".
_TRAINER_COLUMNS = {
    "SFTTrainer": ("text",),
    "DPOTrainer": ("prompt", "chosen", "rejected"),
    "ORPOTrainer": ("prompt", "chosen", "rejected"),
    "CPOTrainer": ("prompt", "chosen", "rejected"),
    "KTOTrainer": ("prompt", "completion", "label"),
    "RewardTrainer": ("chosen", "rejected"),
    "GRPOTrainer": ("prompt",),
    "RLOOTrainer": ("prompt",),
}
_CHATS = frozenset({"messages", "conversations", "conversation", "dialog", "dialogue"})
_NUMBERS = frozenset({"labels", "score", "rating", "index", "idx", "num_turns", "length"})
_SPLIT = re.compile(r"(train|test|validation|valid|val|dev|eval)(_\w+)?")

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def code_of(script: Script) -> ast.Module:
    """The code of a script, and of the files beside it that it imports or names (``torchrun train.py``)."""
    trees: list[ast.Module] = [script.tree]
    for path in sorted(script.path.parent.glob("*.py")):
        if path == script.path or not re.search(rf"\b{re.escape(path.stem)}\b", script.source.text):
            continue
        # One that cannot be read tells nothing of columns, and is no reason not to rehearse.
        with suppress(ScriptError):
            trees.append(Script.read(path).tree)
    return ast.Module([statement for tree in trees for statement in tree.body], [])


def shape_from_code(dataset_id: str, tree: ast.AST, rows: int) -> DatasetShape | None:
    """The columns that code reads from rows, each with a type, and the splits that it names.

    Args:
        dataset_id: Name on the hub.
        tree: The code.
        rows: Rows of a training split.

    Returns:
        None where the code reads no column by name.
    """
    nodes = list(ast.walk(tree))
    columns = {name: _type_of(name, nodes) for name in _columns(nodes)}
    if not columns:
        return None
    splits = dict.fromkeys(_splits(nodes), rows // 8) | {"train": rows}
    named = {name: rows if name.startswith("train") else count for name, count in splits.items()}
    return DatasetShape(dataset_id, columns, named, 0, "")


def _columns(nodes: list[ast.AST]) -> list[str]:
    functions = {
        node.name: node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found: list[str] = []
    trainers: list[str] = []
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        called = _name(node.func)
        trainers += _TRAINER_COLUMNS.get(called, ())
        for function in _row_functions(node, called, functions):
            found += _read_by(function)
        for keyword in node.keywords:
            if keyword.arg in _COLUMN_KEYWORDS:
                found += _texts(keyword.value)
        if called in _COLUMN_METHODS and node.args:
            found += _texts(node.args[0])
    return list(dict.fromkeys(found or trainers))


def _row_functions(call: ast.Call, called: str, functions: Mapping[str, Function]) -> Iterator[Function]:
    given = [keyword.value for keyword in call.keywords if keyword.arg in _ROW_KEYWORDS]
    if called in _ROW_METHODS and isinstance(call.func, ast.Attribute):
        given += call.args[:1]
    for one in given:
        if isinstance(one, ast.Call) and _name(one.func) == "partial" and one.args:
            one = one.args[0]
        if isinstance(one, ast.Lambda):
            yield one
        elif _name(one) in functions:
            yield functions[_name(one)]


def _read_by(function: Function) -> Iterator[str]:
    """Constant keys of the function's first argument, a row or a batch, or of what it holds."""
    arguments = [one for one in (*function.args.posonlyargs, *function.args.args) if one.arg != "self"]
    if not arguments:
        return
    nodes = list(ast.walk(function))
    first = arguments[0].arg
    rows = {first} | {
        node.target.id
        for node in nodes
        if isinstance(node, ast.For | ast.comprehension)
        and isinstance(node.target, ast.Name)
        and _name(node.iter) == first
    }
    for node in nodes:
        if isinstance(node, ast.Subscript) and _name(node.value) in rows and isinstance(node.ctx, ast.Load):
            yield from _texts(node.slice)
        elif isinstance(node, ast.Call) and node.args and _is_get(node.func, rows):
            yield from _texts(node.args[0])


def _is_get(node: ast.AST, owners: set[str]) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "get" and _name(node.value) in owners


def _type_of(column: str, nodes: list[ast.AST]) -> str:
    if column in _CHATS or any(_is_a_chat(node, column) for node in nodes):
        return "messages"
    if column == "label":
        return "bool"
    return "int64" if column in _NUMBERS else "string"


def _is_a_chat(node: ast.AST, column: str) -> bool:
    """Whether a column is what a chat template is applied to."""
    if not (isinstance(node, ast.Call) and _name(node.func) == "apply_chat_template" and node.args):
        return False
    first = node.args[0]
    return isinstance(first, ast.Subscript) and column in _texts(first.slice)


def _splits(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        texts: list[str] = []
        if isinstance(node, ast.Subscript):
            texts = _texts(node.slice)
        elif isinstance(node, ast.keyword) and node.arg == "split":
            texts = [part for text in _texts(node.value) for part in text.split("+")]
        for text in texts:
            name = text.partition("[")[0]
            if _SPLIT.fullmatch(name):
                yield name


def _texts(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [text for element in node.elts for text in _texts(element)]
    return []


def _name(node: ast.AST) -> str:
    """The last part of a dotted name; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
