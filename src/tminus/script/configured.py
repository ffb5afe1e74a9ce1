"""Trainings whose settings are in a configuration file that a command of the script names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.lazy import pattern
from tminus.script.commands import Started
from tminus.script.launch import TRL_METHODS, Launch, launch_of, script_of
from tminus.script.named_files import Added, added_files, found_file
from tminus.script.shell import Program
from tminus.script.source import Source, Span
from tminus.script.trainer_configs import axolotl_calls, llamafactory_calls
from tminus.script.trainer_configs_more import torchtune_calls, trl_calls
from tminus.script.training import LibraryCall
from tminus.script.values import Constructed, Known, Unknown, Value
from tminus.script.words import GAP
from tminus.script.written_files import Written, values_written, written_files, yaml_text_of
from tminus.script.yaml_values import read_yaml

if TYPE_CHECKING:
    from tminus.script.script import Script

_AXOLOTL = pattern(r"^axolotl train$|^axolotl\.cli\.train$")
_LLAMAFACTORY = pattern(r"^llamafactory-cli train$|^llamafactory\.launcher$|^llamafactory\.train\.tuner$")
_TRL = pattern(rf"^trl ({'|'.join(TRL_METHODS)})$")
_MAKERS: dict[str, Callable[[dict[str, Value], Span], Iterator[Constructed]]] = {
    "axolotl": axolotl_calls,
    "llamafactory": llamafactory_calls,
    "torchtune": torchtune_calls,
    "trl": trl_calls,
}

# A text of the script that can only be such a configuration, for commands whose path cannot be read.
_LOOKS = {
    "axolotl": pattern(r"(?m)^\s*base_model:(?s:.*)^\s*(micro_batch_size|datasets):"),
    "llamafactory": pattern(r"(?m)^\s*model_name_or_path:(?s:.*)^\s*(finetuning_type|stage):"),
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration that a command gives a trainer.

    Attributes:
        trainer: ``axolotl``, ``llamafactory``, ``torchtune`` or ``trl``.
        started: The command.
        path: The path as the command names it.
        calls: What the trainer calls with it; empty where it could not be read.
        problem: Why it could not be read, else None.
        assumed: Why its values may be others at run time; None where they are what it says.
    """

    trainer: str
    started: Started
    path: str
    calls: tuple[LibraryCall, ...]
    problem: Unknown | None = None
    assumed: str | None = None

    @property
    def certain(self) -> bool:
        """Whether the trainer is sure to get these values."""
        return self.problem is None and self.assumed is None


class Configurations:
    """Finds and reads the configurations of a script's commands.

    Args:
        script: The script.
    """

    def __init__(self, script: Script) -> None:
        self._script = script

    def all(self) -> Iterator[Configuration]:
        """Every configuration that a command names, in order of the commands.

        Raises:
            YamlMissingError: One is YAML, and PyYAML is not installed.
        """
        for started in self._script.commands:
            for program in started.programs:
                trainer, words = _trainer(program)
                if trainer:
                    yield self._read(trainer, started, words)

    def processes(self, started: Started) -> Started:
        """A command with the counts of processes from the file that its ``accelerate launch`` names.

        Raises:
            YamlMissingError: It is YAML, and PyYAML is not installed.
        """
        launches = []
        for launch, program in _launches(started):
            path = program.option("--config-file") if launch.kind == "accelerate" else None
            values = self._from_file(path) if path and launch.processes is None else None
            if isinstance(values, dict):
                machines = _whole(values.get("num_machines")) or 1
                total = _whole(values.get("num_processes"))
                each = total // machines if total is not None else None
                launch = replace(launch, processes=each, nodes=machines)
            launches.append(launch)
        return replace(started, launches=tuple(launches)) if launches else started

    def named(self, path: str) -> dict[str, Value] | Unknown | None:
        """What a YAML or JSON file says that the script names by its path in the container.

        It may write the file itself, bring it along, or have it beside itself; None where it does neither.

        Raises:
            YamlMissingError: It is such a file, and PyYAML is not installed.
        """
        for written in self._written:
            if path and GAP not in path and _same_path(path, written.paths):
                values = values_written(written, self._script.evaluator, None)
                if not isinstance(values, Unknown):
                    return values
        return self._from_file(path)

    def _read(self, trainer: str, started: Started, words: tuple[str, ...]) -> Configuration:
        path = _path(trainer, words)
        values: dict[str, Value] | Unknown = {}
        if path or trainer != "trl":
            values = self._values(path, trainer, started.span)
        elif GAP in words:
            values = Unknown("its options cannot be read", started.span)
        if isinstance(values, Unknown):
            return Configuration(trainer, started, path, (), values)
        assumed = next(
            (one.assumed for one in values.values() if isinstance(one, Known) and one.assumed), None
        )
        values |= options_of(words if trainer == "trl" else _after(words, path), started.span)
        if trainer == "torchtune":
            values |= _overrides(_after(words, path), started.span)
        place = next((value.span for value in values.values()), started.span)
        calls = tuple(
            LibraryCall(made, made.span or place, started.node, started.scope, path or trainer)
            for made in _MAKERS[trainer](values, place)
        )
        return Configuration(trainer, started, path, calls, None, assumed)

    def _values(self, path: str, trainer: str, span: Span) -> dict[str, Value] | Unknown:
        values = self.named(path)
        if values is not None:
            return values
        texts = list(self._texts(trainer)) if trainer in _LOOKS else []
        if len(texts) == 1:
            return texts[0]
        name = path.replace(GAP, "…") or "its configuration"
        return Unknown(f"{name} is neither beside the script nor written by it", span)

    def _from_file(self, path: str | None) -> dict[str, Value] | Unknown | None:
        found = found_file(path, self._added, self._script.path) if path else None
        if found is None:
            return None
        file, certain = found
        try:
            source = Source.read(file)
        except (OSError, UnicodeDecodeError, SyntaxError) as error:
            return Unknown(f"{file}: {error}", Span(file, 1, 1, 1, 2))
        assumed = None if certain else f"{file.name} beside the script is taken to be {path}"
        return read_yaml(source.text, source.span_between, assumed)

    def _texts(self, trainer: str) -> Iterator[dict[str, Value]]:
        """What the module's own texts say that can only be configurations of the trainer."""
        script = self._script
        for name, assigned in script.module.assigned.items():
            if len(assigned) != 1 or assigned[0] is None:
                continue
            text = script.source.slice(script.source.span_of(assigned[0]))
            if _LOOKS[trainer].search(text):
                why = f"what {name} holds, which may change before it is used"
                values = yaml_text_of(assigned[0], script.module, script.evaluator, why)
                if not isinstance(values, Unknown):
                    yield values

    @cached_property
    def _added(self) -> tuple[Added, ...]:
        return tuple(dict.fromkeys(added_files(self._script.functions, self._script.path)))

    @cached_property
    def _written(self) -> tuple[Written, ...]:
        return tuple(written_files(self._script.placed, self._script.evaluator))


def _trainer(program: Program) -> tuple[str, tuple[str, ...]]:
    """The trainer that a program starts, and the words after its name; empty for another program."""
    launch = launch_of(program)
    if launch is not None:
        target, words = launch.target, launch.arguments
    else:
        target = script_of(program)
        words = program.words[program.words.index(target) + 1 :] if target in program.words else ()
    if program.words[:2] == ("tune", "run"):
        return "torchtune", words
    for trainer, command in (("axolotl", _AXOLOTL), ("llamafactory", _LLAMAFACTORY), ("trl", _TRL)):
        if command.match(target):
            return trainer, words
    return "", ()


def _path(trainer: str, words: tuple[str, ...]) -> str:
    """The configuration file that a command's words name; empty where they name none."""
    if trainer in ("torchtune", "trl"):
        return Program(words).option("--config") or ""
    return next((word for word in words if word.endswith((".yml", ".yaml"))), words[0] if words else "")


def _after(words: tuple[str, ...], path: str) -> tuple[str, ...]:
    return words[words.index(path) + 1 :] if path in words else ()


def _launches(started: Started) -> Iterator[tuple[Launch, Program]]:
    for program in started.programs:
        launch = launch_of(program)
        if launch is not None:
            yield launch, program


def _same_path(path: str, others: tuple[str, ...]) -> bool:
    return any(Path(path) == Path(other) for other in others)


def options_of(words: tuple[str, ...], span: Span) -> dict[str, Value]:
    """Settings that the command line gives over those of the file."""
    found: dict[str, Value] = {}
    for index, word in enumerate(words):
        key, equals, given = word.partition("=")
        if not key.startswith("--"):
            continue
        following = next(iter(words[index + 1 : index + 2]), "--")
        text = given if equals else following if not following.startswith("--") else "true"
        name = key.lstrip("-").replace("-", "_")
        found[name] = Unknown("it cannot be read", span) if GAP in text else Known(_scalar(text), span)
    return found


def _overrides(words: tuple[str, ...], span: Span) -> dict[str, Value]:
    """Settings that are written ``name=value``, as torchtune takes them."""
    pairs = (word.partition("=") for word in words if "=" in word and not word.startswith("-"))
    return {
        name: Unknown("it cannot be read", span) if GAP in text else Known(_scalar(text), span)
        for name, _, text in pairs
    }


def _scalar(text: str) -> object:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if text.lower() in ("null", "none"):
        return None
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def _whole(value: Value | None) -> int | None:
    return value.value if isinstance(value, Known) and isinstance(value.value, int) else None
