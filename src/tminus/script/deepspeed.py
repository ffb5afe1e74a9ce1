"""Configurations of DeepSpeed that a script gives a Trainer: as a dict, or as a file that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tminus.script.configured import Configurations, options_of
from tminus.script.containers import Entries
from tminus.script.script import ScriptError
from tminus.script.source import Span
from tminus.script.trainer_configs import number
from tminus.script.training import LibraryCall
from tminus.script.values import Known, Unknown, Value
from tminus.script.yaml_values import YamlMissingError

if TYPE_CHECKING:
    from tminus.script.script import Script

# Whose arguments have the defaults of transformers.
_WITH_DEFAULTS = ("transformers.TrainingArguments", "transformers.Seq2SeqTrainingArguments")
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class DeepSpeedUse:
    """A configuration of DeepSpeed and the Trainer's arguments beside it.

    Attributes:
        config: Dotted key to value, such as ``zero_optimization.stage``.
        arguments: What the Trainer is given, by the names of ``TrainingArguments``.
        whole: Whether arguments that are not there have the defaults of transformers.
        span: Where the configuration is given.
        call: The call that gets both; None for the options of a command.
    """

    config: Mapping[str, Value]
    arguments: Mapping[str, Value]
    whole: bool
    span: Span
    call: LibraryCall | None = None


def deepspeed_uses(script: Script) -> Iterator[DeepSpeedUse]:
    """Every configuration of DeepSpeed that can be read.

    Raises:
        ScriptError: One is a file, and PyYAML, which reads it, is not installed.
    """
    if "deepspeed" not in script.source.text and not script.configurations:
        return
    files = Configurations(script)
    try:
        calls = [*script.library_calls, *(call for one in script.configurations for call in one.calls)]
        for call in calls:
            given = call.made.kwargs.get("deepspeed")
            config = _config(given, files)
            if given is not None and config:
                whole = (
                    call.made.name in _WITH_DEFAULTS and not call.configured and "**" not in call.made.kwargs
                )
                yield DeepSpeedUse(config, call.made.kwargs, whole, given.span, call)
        for started in script.commands:
            for program in started.programs:
                options = options_of(program.words, started.span)
                config = _config(options.get("deepspeed"), files)
                if config:
                    yield DeepSpeedUse(config, options, False, started.span)
    except YamlMissingError as error:
        raise ScriptError(str(error)) from error


def _config(given: Value | None, files: Configurations) -> dict[str, Value]:
    """The dotted keys of a configuration; empty where it cannot be read."""
    if not isinstance(given, Known) or given.assumed is not None or given.others:
        return {}
    if isinstance(given.value, dict):
        return dict(_flat("", given.value, given, 0))
    if not isinstance(given.value, str) or not given.value.endswith(".json"):
        return {}
    values = files.named(given.value)
    if values is None or isinstance(values, Unknown):
        return {}
    return {
        key: value for name, one in values.items() for key, value in _entry(name, one, one.span, 0, given)
    }


def _flat(
    prefix: str, entries: Mapping[object, object], owner: Known, depth: int
) -> Iterator[tuple[str, Value]]:
    places = entries.places if isinstance(entries, Entries) else {}
    for key, value in entries.items():
        leaf = next((leaf.span for leaf in owner.leaves if leaf.name == key), owner.span)
        span = places[key][1] if key in places else leaf
        yield from _entry(f"{prefix}{key}", value, span, depth, owner)


def _entry(name: str, value: object, span: Span, depth: int, owner: Known) -> Iterator[tuple[str, Value]]:
    known = value if isinstance(value, Known) else Known(value, span, (), owner.assumed)
    if isinstance(value, Unknown) or depth > _DEEPEST:
        return
    if isinstance(known.value, dict):
        yield from _flat(f"{name}.", known.value, known if known.leaves else owner, depth + 1)
    else:
        yield name, number(known) if _is_number(known.value) else known


def _is_number(value: object) -> bool:
    """Whether a text is a number that YAML takes for text, such as ``5e-5``."""
    return isinstance(value, str) and value[:1] in "0123456789.-"
