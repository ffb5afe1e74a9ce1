"""What runs in a function's container: the function, and what it calls in the same file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from tminus.script import ModalFunction, Script
from tminus.script.scopes import FunctionNode, Scope
from tminus.script.training import LibraryCall

# function.remote() and the like run it in a container of its own.
_ELSEWHERE = frozenset(
    {"remote", "remote_gen", "spawn", "map", "starmap", "for_each", "spawn_map", "with_options", "from_name"}
)

_TRAINERS = re.compile(
    r"(^|\.)((\w*Trainer)|TrainConfig|SFTConfig|TrainingArguments|Seq2SeqTrainingArguments|LoraConfig)$"
)
_LAUNCH = re.compile(
    r"\b(torchrun|accelerate(\s+|[\"',\s]+)launch|axolotl(\.cli)?[\"',.\s]+train|llamafactory-cli[\"',\s]+train"
    r"|deepspeed\s+\S+\.py|torch\.distributed\.run|tune\s+run|swift\s+sft|swift\s+pt)\b"
    r"|\b(train|finetune|fine_tune|pretrain|sft|grpo|dpo)\w*\.(py|sh)\b"
)

Definition = FunctionNode | ast.ClassDef


@lru_cache(maxsize=512)
def _reached(script: Script, start: Definition) -> tuple[Definition, ...]:
    known = _definitions(script)
    modal = {function.name for function in script.functions}
    reached: list[Definition] = [start]
    pending: list[Definition] = [start]
    while pending:
        for name in _names(pending.pop()):
            definition = known.get(name)
            if definition is not None and definition not in reached and name not in modal:
                reached.append(definition)
                pending.append(definition)
    return tuple(reached)


@lru_cache(maxsize=64)
def _definitions(script: Script) -> dict[str, Definition]:
    return {node.name: node for node in script.tree.body if isinstance(node, Definition)}


def _names(definition: Definition) -> set[str]:
    elsewhere: set[int] = set()
    names: set[str] = set()
    for node in ast.walk(definition):
        if isinstance(node, ast.Attribute) and node.attr in _ELSEWHERE:
            elsewhere.add(id(node.value))
        elif isinstance(node, ast.Name) and id(node) not in elsewhere:
            names.add(node.id)
    return names


def reached(script: Script, function: ModalFunction) -> tuple[Definition, ...]:
    """The definitions of this file that run in a function's container: it, and what it uses."""
    return _reached(script, function.node)


def nodes_in(script: Script, function: ModalFunction) -> Iterator[ast.AST]:
    """Every syntax node in the bodies of what runs in a function's container, decorators left out."""
    for definition in reached(script, function):
        for statement in definition.body:
            yield from ast.walk(statement)


@lru_cache(maxsize=16)
def expression_scopes(script: Script) -> dict[int, Scope]:
    """The scope that each expression of a script is evaluated in, by the identity of its node."""
    return {id(node): scope for node, scope in script.expressions()}


def expressions_in(script: Script, function: ModalFunction) -> Iterator[tuple[ast.expr, Scope]]:
    """Every expression in the bodies of what runs in a function's container, with its scope."""
    scopes = expression_scopes(script)
    for node in nodes_in(script, function):
        if isinstance(node, ast.expr) and id(node) in scopes:
            yield node, scopes[id(node)]


def library_calls_in(script: Script, function: ModalFunction) -> list[LibraryCall]:
    """Calls of training libraries and of modal that run in a function's container."""
    inside = {id(node) for node in nodes_in(script, function) if isinstance(node, ast.Call)}
    return [call for call in script.library_calls if id(call.node) in inside]


@lru_cache(maxsize=512)
def _trains(script: Script, start: Definition) -> bool:
    backward = optimises = False
    for definition in _reached(script, start):
        for node in ast.walk(definition):
            match node:
                case ast.Constant(value=str(text)) if len(text) < 4000 and _LAUNCH.search(text):
                    if not _is_docstring(definition, node):
                        return True
                case ast.Call(func=callee):
                    name = script.evaluator.dotted_name(callee) or ""
                    if _TRAINERS.search(name):
                        return True
                    if isinstance(callee, ast.Attribute):
                        backward |= callee.attr == "backward"
                        optimises |= callee.attr == "step"
    return backward and optimises


def _is_docstring(definition: Definition, constant: ast.Constant) -> bool:
    return any(
        isinstance(node, FunctionNode | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and node.body[0].value is constant
        for node in ast.walk(definition)
    )


def trains(script: Script, function: ModalFunction) -> bool:
    """Whether a function trains: makes a trainer, launches one, or runs an optimiser itself."""
    return _trains(script, function.node)
