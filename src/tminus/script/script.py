"""A user's training script, read without importing or running it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tminus.script.app import ModalFunction, find_functions
from tminus.script.commands import Started, find_commands
from tminus.script.evaluate import Evaluator
from tminus.script.imports import Imports
from tminus.script.modules import Module, Modules, modules_beside
from tminus.script.prose import Line, script_prose
from tminus.script.reach import Definition, Reach, Reachability, Training, is_trial
from tminus.script.scopes import FunctionNode, Scope, module_scope
from tminus.script.source import Source
from tminus.script.training import LibraryCall, TrainingSettings, read_training, read_trainings
from tminus.script.tree import children, levels, statements
from tminus.script.values import Value
from tminus.script.walk import MAX_NESTING, Placed, placed_nodes

if TYPE_CHECKING:
    from tminus.script.configured import Configuration

# What reads configuration files is loaded only for scripts that name such a trainer.
_CONFIGURED_TRAINERS = ("axolotl", "llamafactory", "trl sft", '"trl", "', "'trl', '", "tune run", '"tune", "')
_CONFIG_FILE = ("--config_file", "--config-file")

_LIBRARIES = frozenset(
    {"modal", "transformers", "trl", "peft", "datasets", "accelerate", "unsloth", "tminus"}
)


class ScriptError(Exception):
    """A file that cannot be read as a Python script; the message names the place and the reason."""


@dataclass(frozen=True)
class Script:
    """A Python file and what can be read from it.

    Attributes:
        source: Its text.
        tree: Its syntax tree.
    """

    source: Source
    tree: ast.Module

    @classmethod
    def read(cls, path: Path) -> Script:
        """Read and parse a file.

        Raises:
            ScriptError: The file cannot be read, is not in its encoding, or is not Python of this version.
        """
        try:
            return cls.parse(Source.read(path))
        except OSError as error:
            raise ScriptError(f"{path}: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            encoding = error.encoding.upper()
            raise ScriptError(f"{path}: not {encoding}: {error.reason} at byte {error.start}") from error
        except SyntaxError as error:
            raise ScriptError(f"{path}: {error.msg}") from error

    @classmethod
    def parse(cls, source: Source) -> Script:
        """Parse a source.

        Raises:
            ScriptError: It is not Python of this interpreter's version.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(source.text, str(source.path))
        except SyntaxError as error:
            raise ScriptError(f"{source.path}:{error.lineno}:{error.offset}: {error.msg}") from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise ScriptError(f"{source.path}: cannot be parsed: {error}") from error
        script = cls(source, tree)
        depth = len(script.levels)
        if depth > MAX_NESTING:
            raise ScriptError(
                f"{source.path}: it is nested {depth} levels deep, at most {MAX_NESTING} are read"
            )
        return script

    @property
    def path(self) -> Path:
        """Where the script is."""
        return self.source.path

    @cached_property
    def levels(self) -> list[list[ast.AST]]:
        """The nodes of the syntax tree below its root, level by level."""
        return levels(self.tree)

    @cached_property
    def module(self) -> Scope:
        """The module's scope."""
        return module_scope(self.tree.body, self.evaluator)

    @cached_property
    def evaluator(self) -> Evaluator:
        """Reads expressions of this script."""
        modules = modules_beside(self.path, _load)
        names = Imports(node for level in self.levels for node in level)
        return Evaluator(self.source, names, _LIBRARIES, modules, modules.budget)

    @cached_property
    def notes(self) -> dict[Any, Any]:
        """What others worked out about the script and may ask for again."""
        return {}

    @cached_property
    def placed(self) -> tuple[Placed, ...]:
        """Every statement and expression with its scope, outer ones first."""
        return tuple(placed_nodes(self.tree, self.module))

    @cached_property
    def functions(self) -> tuple[ModalFunction, ...]:
        """Functions and classes that run in Modal containers, in order of lines."""
        return tuple(sorted(find_functions(self.placed, self.evaluator), key=lambda f: f.decorator))

    @cached_property
    def library_calls(self) -> list[LibraryCall]:
        """Calls of training libraries and of modal's classes, in order of lines; not those of methods."""
        calls = []
        for node, scope in self.expressions():
            if isinstance(node, ast.Call) and self._is_library_call(node):
                made = self.evaluator.construct(node, scope)
                if made is not None:
                    calls.append(LibraryCall(made, self.source.span_of(node), node, scope))
        return sorted(calls, key=lambda call: call.span)

    def _is_library_call(self, node: ast.Call) -> bool:
        name = self.evaluator.imported(node.func) or ""
        library, _, rest = name.partition(".")
        return library in _LIBRARIES and (library != "modal" or rest[:1].isupper())

    @cached_property
    def scopes(self) -> dict[int, Scope]:
        """The scope that each expression is evaluated in, by the identity of its node."""
        return {id(node): scope for node, scope in self._expressions}

    @cached_property
    def training(self) -> TrainingSettings:
        """The training that the script describes; of several, the first setting of a name counts."""
        return read_training([*self._configured_calls, *self.library_calls], self.module, self.evaluator)

    def trainings(self, function: ModalFunction) -> tuple[TrainingSettings, ...]:
        """The trainings that a function's container runs: one for each call that gives settings."""
        key = id(function.node)
        if key not in self._trainings:
            calls = list(self.reachable(function).calls)
            self._trainings[key] = read_trainings(calls, self.module, self.evaluator)
        return self._trainings[key]

    @cached_property
    def _trainings(self) -> dict[int, tuple[TrainingSettings, ...]]:
        return {}

    @cached_property
    def configurations(self) -> tuple[Configuration, ...]:
        """The configuration files that commands of the script give trainers.

        Raises:
            ScriptError: One is YAML, and PyYAML is not installed.
        """
        if not any(name in self.source.text for name in _CONFIGURED_TRAINERS):
            return ()
        from tminus.script.configured import Configurations
        from tminus.script.yaml_values import YamlMissingError

        try:
            return tuple(Configurations(self).all())
        except YamlMissingError as error:
            raise ScriptError(str(error)) from error

    @property
    def _configured_calls(self) -> list[LibraryCall]:
        return [call for one in self.configurations for call in one.calls]

    @cached_property
    def prose(self) -> tuple[Line, ...]:
        """Comments and docstrings."""
        return tuple(script_prose(self.source, self.tree))

    @cached_property
    def parents(self) -> dict[int, ast.AST]:
        """The node around each node, by the identity of the inner one."""
        nodes = (node for level in self.levels for node in level)
        return {id(child): node for node in (self.tree, *nodes) for child in children(node)}

    @cached_property
    def commands(self) -> tuple[Started, ...]:
        """Commands and in-process launches that the script starts, in order of lines."""
        found = sorted(find_commands(self.placed, lambda: self.parents), key=lambda one: one.span)
        if not any(option in self.source.text for option in _CONFIG_FILE):
            return tuple(found)
        from tminus.script.configured import Configurations
        from tminus.script.yaml_values import YamlMissingError

        try:
            return tuple(map(Configurations(self).processes, found))
        except YamlMissingError as error:
            raise ScriptError(str(error)) from error

    @cached_property
    def reachability(self) -> Reachability:
        """The call graph inside the file."""
        calls = [*self._configured_calls, *self.library_calls]
        return Reachability(self.placed, self.functions, self.commands, calls, self.evaluator)

    @cached_property
    def _reached(self) -> dict[int, tuple[Reach, Training | None]]:
        return {}

    def _reach(self, function: ModalFunction, start: Definition) -> tuple[Reach, Training | None]:
        key = id(start)
        if key not in self._reached:
            reachability = self.reachability
            reach = reachability.of(start)
            training = reachability.training(function, reach)
            if training is None and reach.outside and function.may_have("gpu"):
                from tminus.script.elsewhere import training_elsewhere

                training = training_elsewhere(self, reach)
                training = replace(training, trial=is_trial(function)) if training is not None else None
            self._reached[key] = (reach, training)
        return self._reached[key]

    def reach_of(self, definition: Definition) -> Reach:
        """What runs when a function of the file is called."""
        return self.reachability.of(definition)

    def beside(self, dotted: str) -> tuple[Script, tuple[str, ...]] | None:
        """The file of the project that a dotted name begins with, and the names after it.

        None if it is no file beside the script, or a known library's.
        """
        found = self.evaluator.module_beside(dotted)
        if found is None or not found[1]:
            return None
        return Script(found[0].evaluator.source, found[0].tree), found[1]

    def reachable(self, function: ModalFunction) -> Reach:
        """What runs in a function's container: itself, and what it uses of this file."""
        return self._reach(function, function.node)[0]

    def trains(self, function: ModalFunction, method: str | None = None) -> Training | None:
        """Why a function counts as training; None if nothing says that it does.

        Args:
            function: The function or class.
            method: Of a class, the method that is called; by default any.
        """
        start = function.node
        if method is not None:
            methods = (one for one in start.body if isinstance(one, FunctionNode) and one.name == method)
            found = next(methods, None)
            if found is None:
                return None
            start = found
        return self._reach(function, start)[1]

    def trains_for_real(self, function: ModalFunction) -> bool:
        """Whether a function trains and its name does not say that it is a test, a benchmark or the like."""
        training = self.trains(function)
        return training is not None and not training.trial

    def expressions(self) -> Iterator[tuple[ast.expr, Scope]]:
        """Every expression with the scope that it is evaluated in."""
        yield from self._expressions

    @cached_property
    def _expressions(self) -> tuple[tuple[ast.expr, Scope], ...]:
        return tuple((one.node, one.scope) for one in self.placed if isinstance(one.node, ast.expr))

    def evaluate(self, node: ast.expr, scope: Scope | None = None) -> Value:
        """The value of an expression in a scope, by default the module's."""
        return self.evaluator.evaluate(node, scope or self.module)


def _load(source: Source, tree: ast.Module, modules: Modules) -> Module:
    evaluator = Evaluator(source, Imports(statements(tree)), _LIBRARIES, modules, modules.budget)
    return Module(source.path, tree, module_scope(tree.body, evaluator), evaluator)
