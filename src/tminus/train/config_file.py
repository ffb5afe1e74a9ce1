"""Reading a configuration from YAML, TOML or JSON, with the line of every key, and values given beside it."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tminus.train.config import TrainConfig
from tminus.train.errors import ConfigError

ALIASES: Mapping[str, str] = {
    "lr": "learning_rate",
    "model_name_or_path": "model",
    "num_train_epochs": "epochs",
    "max_length": "seq_len",
    "max_seq_length": "seq_len",
    "per_device_train_batch_size": "micro_batch",
    "lora_rank": "lora_r",
    "optim": "optimizer",
}
"""Names of transformers, TRL and LLaMA-Factory -> ours, where both mean the same. Each use is told."""

GIVEN = "given on the command line"


@dataclass(frozen=True, slots=True)
class ReadConfig:
    """A configuration and what its reader has to tell."""

    config: TrainConfig
    notices: tuple[str, ...]
    """One line for every alias that was read by another name."""


@dataclass(frozen=True, slots=True)
class _Value:
    value: Any
    place: str
    """`config.yaml:7`, or that it was given on the command line."""


def read_config(path: Path | None, overrides: Iterable[str] = ()) -> ReadConfig:
    """Read a configuration file and apply `key=value` words to it. Nothing heavy is loaded.

    Args:
        path: A .yaml, .yml, .toml or .json file; None where the words say everything.
        overrides: Words such as `learning_rate=1e-4`, each of which replaces the file's value.

    Raises:
        ConfigError: The file cannot be read, a key is unknown (the nearest is named) or given twice, or a
            value is bad. The message starts with the file and the line, or says that a word is to blame.
    """
    given = {} if path is None else _read_file(path)
    notices: list[str] = []
    values = _by_our_names(given.items(), notices)
    values.update(_by_our_names(((key, _Value(text, GIVEN)) for key, text in _words(overrides)), notices))
    try:
        config = TrainConfig.from_dict({key: one.value for key, one in values.items()})
    except ConfigError as error:
        at = values.get(error.field or "")
        place = at.place if at is not None else str(path) if path is not None else "command line"
        raise ConfigError(f"{place}: {error}", field=error.field) from error
    return ReadConfig(config, tuple(notices))


def to_yaml(config: TrainConfig) -> str:
    """The whole configuration, every default written out, as YAML that `read_config` takes."""
    import yaml

    # PyYAML writes Unicode's line breaks as they are, and reads them as other ones.
    breaks = any(mark in json.dumps(config.to_dict(), ensure_ascii=False) for mark in "\x85\u2028\u2029")
    return str(yaml.safe_dump(config.to_dict(), sort_keys=False, allow_unicode=not breaks, width=110))


def _by_our_names(pairs: Iterable[tuple[str, _Value]], notices: list[str]) -> dict[str, _Value]:
    known = [field.name for field in fields(TrainConfig)]
    values: dict[str, _Value] = {}
    for key, one in pairs:
        name = ALIASES.get(key, key)
        if name != key:
            notices.append(f"{one.place}: {key} is read as {name}")
        if name not in known:
            near = difflib.get_close_matches(key, [*known, *ALIASES], n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}."
            raise ConfigError(f"{one.place}: unknown key {key!r}. {hint}", field=key)
        if name in values:
            raise ConfigError(
                f"{one.place}: {name} is given twice ({values[name].place} has it too). Leave one out.",
                field=name,
            )
        values[name] = one
    return values


def _words(overrides: Iterable[str]) -> Iterable[tuple[str, Any]]:
    for word in overrides:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise ConfigError(f"{word!r} is no setting: write it as key=value, such as learning_rate=1e-4.")
        yield key.strip(), _scalar(key.strip(), text)


def _scalar(key: str, text: str) -> Any:
    """The value of a word: a text where the field takes nothing else, a YAML value otherwise."""
    import yaml

    types = {field.name: str(field.type) for field in fields(TrainConfig)}
    kind = types.get(ALIASES.get(key, key))
    if kind == "str" or (kind == "str | None" and text not in ("null", "~")):
        return text
    try:
        return yaml.load(text, _loader())
    except yaml.YAMLError as error:
        raise ConfigError(f"{key}: {text!r} cannot be read as a value: {error}", field=key) from error


def _read_file(path: Path) -> dict[str, _Value]:
    readers = {".yaml": _read_yaml, ".yml": _read_yaml, ".toml": _read_toml, ".json": _read_json}
    reader = readers.get(path.suffix)
    if reader is None:
        raise ConfigError(
            f"{path}: a configuration must end in {', '.join(readers)}. Rename it, or give another file."
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    return reader(path, text)


def _read_yaml(path: Path, text: str) -> dict[str, _Value]:
    import yaml

    try:
        loader = _loader()(text)
        node = loader.get_single_node()
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{path}: the training configuration must be a mapping of keys to values.")
        values: dict[str, _Value] = {}
        for key_node, value_node in node.value:
            key = str(loader.construct_object(key_node, deep=True))
            place = f"{path}:{key_node.start_mark.line + 1}"
            if key in values:
                raise ConfigError(
                    f"{place}: {key} is given twice ({values[key].place} has it too).", field=key
                )
            values[key] = _Value(loader.construct_object(value_node, deep=True), place)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark is not None else ""
        raise ConfigError(f"{path}{line}: not YAML: {error.problem or error.context}.") from error
    return values


def _loader() -> Any:
    """PyYAML's safe loader with YAML 1.2's numbers: its own reads `1e-4` as a text and `0o17` as one too."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types here
        pass

    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)[eE][-+]?\d+$"),
        list("-+.0123456789"),
    )
    return Loader


def _read_toml(path: Path, text: str) -> dict[str, _Value]:
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise ConfigError(f"{path}{f':{line[1]}' if line else ''}: not TOML: {error}.") from error
    return {
        key: _Value(value, _place(path, text, rf"^\s*[\[\"']*{re.escape(key)}\b"))
        for key, value in read.items()
    }


def _read_json(path: Path, text: str) -> dict[str, _Value]:
    try:
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{path}:{error.lineno}: the training configuration is not JSON: {error}"
        ) from error
    if not isinstance(read, dict):
        raise ConfigError(f"{path}: the training configuration must be a JSON object.")
    return {key: _Value(value, _place(path, text, rf'"{re.escape(key)}"\s*:')) for key, value in read.items()}


def _place(path: Path, text: str, pattern: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return f"{path}:{text.count(chr(10), 0, found.start()) + 1}" if found else str(path)
