"""Checks of the configuration's fields; a refusal says what was found, what the limit is, what to do."""

from __future__ import annotations

import difflib
import math
import os
from pathlib import Path, PurePath
from typing import Any, NoReturn

from tminus.train.durations import FORM, parse_duration_s
from tminus.train.errors import ConfigError


def refuse(field: str, value: object, limit: str, action: str) -> NoReturn:
    """Refuse the value of a field."""
    raise ConfigError(f"{field}: found {value!r}, but {limit}. {action}", field=field)


def check_text(config: Any, *names: str) -> None:
    """Texts that are not empty; a path becomes its text."""
    for name in names:
        value = getattr(config, name)
        if isinstance(value, os.PathLike):
            object.__setattr__(config, name, os.fspath(value))
        elif not isinstance(value, str) or not value.strip():
            refuse(name, value, "it must be a text that is not empty", f"Give {name} a name or a path.")


def check_optional_text(config: Any, *names: str) -> None:
    """Texts that are not empty, or None."""
    for name in names:
        value = getattr(config, name)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            refuse(name, value, "it must be a text or null", f"Leave {name} out if it is not needed.")


def check_choice(config: Any, name: str, choices: tuple[str, ...]) -> None:
    """One of several words; the nearest is named."""
    value = getattr(config, name)
    if value not in choices:
        near = difflib.get_close_matches(str(value), choices, n=1)
        action = f"Did you mean {near[0]!r}?" if near else f"Choose one of them for {name}."
        refuse(name, value, f"it must be one of {', '.join(choices)}", action)


def check_integer(config: Any, low: int, *names: str, high: int | None = None) -> None:
    """Whole numbers within bounds."""
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, int) or isinstance(value, bool):
            refuse(name, value, "it must be a whole number", f"Write {name} without quotes or decimals.")
        if value < low or (high is not None and value > high):
            limit = f"at least {low}" if high is None else f"between {low} and {high}"
            refuse(name, value, f"it must be {limit}", f"Set {name} to {max(low, 1)} or more.")


def check_optional_integer(config: Any, *names: str) -> None:
    """Whole numbers from 1, or None."""
    for name in names:
        if getattr(config, name) is not None:
            check_integer(config, 1, name)


def check_flag(config: Any, *names: str) -> None:
    """True or false."""
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, bool):
            refuse(name, value, "it must be true or false", f"Write {name} without quotes.")


def check_number(
    config: Any, name: str, *, low: float, high: float = math.inf, open_low: bool = False
) -> None:
    """A finite number at least `low` (above it with `open_low`) and below `high`."""
    value = getattr(config, name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        refuse(name, value, "it must be a finite number", f"Write {name} as a number, such as {low + 0.1:g}.")
    if value < low or value >= high or (open_low and value == low):
        bound = f"above {low:g}" if open_low else f"at least {low:g}"
        limit = f"it must be {bound}" + (f" and below {high:g}" if high < math.inf else "")
        refuse(name, value, limit, f"Set {name} inside that range.")
    object.__setattr__(config, name, float(value))


def check_names(config: Any, name: str, choices: tuple[str, ...]) -> None:
    """A list of words out of `choices`; it becomes a tuple."""
    value = getattr(config, name)
    names = tuple(value) if isinstance(value, list | tuple) else None
    if names is None or not all(isinstance(one, str) for one in names):
        refuse(name, value, "it must be a list of names", f"Write a list out of {', '.join(choices)}.")
    for one in names:
        if one not in choices:
            near = difflib.get_close_matches(one, choices, n=1)
            refuse(
                name, one, f"it must be one of {', '.join(choices)}",
                f"Did you mean {near[0]!r}?" if near else f"Take it out of {name}.",
            )  # fmt: skip
    object.__setattr__(config, name, names)


def check_targets(config: Any, name: str) -> None:
    """`all-linear`, or a list of modules' names; it becomes a tuple."""
    value = getattr(config, name)
    if isinstance(value, str):
        if value != "all-linear":
            refuse(
                name, value, 'it must be "all-linear" or a list of module names',
                f"Write a single module as [{value!r}].",
            )  # fmt: skip
        return
    names = tuple(value) if isinstance(value, list | tuple) else ()
    if not names or not all(isinstance(one, str) and one for one in names):
        refuse(
            name, value, 'it must be "all-linear" or a list of module names that is not empty',
            'Give the names, such as ["q_proj", "v_proj"].',
        )  # fmt: skip
    object.__setattr__(config, name, names)


def check_optional_number(config: Any, name: str, *, low: float, high: float = math.inf) -> None:
    """A number above `low` and below `high`, or None."""
    if getattr(config, name) is not None:
        check_number(config, name, low=low, high=high, open_low=True)


def check_optional_duration(config: Any, *names: str) -> None:
    """Lengths of time such as `10min`, or None."""
    for name in names:
        value = getattr(config, name)
        if value is None:
            continue
        try:
            parse_duration_s(value)
        except (ValueError, AttributeError):
            refuse(name, value, f"it must be {FORM}", f'Write {name} such as "30min", or leave it out.')


def check_save_every(config: Any, name: str) -> None:
    """Steps, a length of time, `auto`, or None."""
    value = getattr(config, name)
    if not isinstance(value, str):
        check_optional_integer(config, name)
    elif value != "auto":
        check_optional_duration(config, name)


def check_micro_batch(config: Any, name: str) -> None:
    """A whole number from 1, or `auto`."""
    if getattr(config, name) != "auto":
        check_integer(config, 1, name)


def check_data_files(config: Any, name: str, suffixes: tuple[str, ...]) -> None:
    """A path that is plainly local must end as data files do, or be a folder's."""
    path = getattr(config, name)
    if path is None or not path.startswith(("/", "./", "../", "~")):
        return
    suffix = PurePath(path).suffix
    if suffix and suffix not in suffixes and not Path(path).expanduser().is_dir():
        refuse(
            name, path, f"a local file must end in {', '.join(suffixes)}",
            "Convert the file, or give a folder, or the id of a data set on the hub.",
        )  # fmt: skip


def check_together(config: Any) -> None:
    """Fields that each are right and together are not."""
    if config.streaming and config.max_steps is None:
        refuse(
            "max_steps", None, "a streamed data set has no length from which steps could be counted",
            "Give max_steps, or set streaming to false.",
        )  # fmt: skip
    if config.streaming and config.eval_fraction > 0:
        refuse(
            "eval_fraction", config.eval_fraction, "rows cannot be drawn out of a data set that is streamed",
            "Give eval_dataset or eval_split instead.",
        )  # fmt: skip
    if config.eval_fraction > 0 and (config.eval_dataset or config.eval_split):
        refuse(
            "eval_fraction", config.eval_fraction, "eval_dataset or eval_split already name the rows",
            "Leave one of them out.",
        )  # fmt: skip
    for name in ("eval_every", "early_stopping_patience"):
        if getattr(config, name) is not None and not config.evaluates:
            refuse(
                name, getattr(config, name), "there is nothing to evaluate on",
                "Give eval_fraction, eval_split or eval_dataset.",
            )  # fmt: skip
    for name in ("rslora", "dora"):
        if getattr(config, name) and config.method == "full":
            refuse(name, True, "a full fine-tune has no adapter", f"Set {name} to false.")
    if not config.gradient_checkpointing and config.activation_checkpointing != "full":
        refuse(
            "activation_checkpointing", config.activation_checkpointing, "gradient_checkpointing is false",
            "Set gradient_checkpointing to true, or leave activation_checkpointing out.",
        )  # fmt: skip
