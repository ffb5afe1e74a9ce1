"""The flags of ``tminus rehearse`` that say where models and data come from."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.cli import UserError

if TYPE_CHECKING:
    from tminus.rehearse import StandInOptions


def add_standin_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    add = parser.add_argument_group("models and data").add_argument
    add(
        "--data",
        action="append",
        default=[],
        metavar="[NAME=]PATH",
        help="real rows for the data set NAME, or for every one: a file (JSONL, JSON, CSV, Parquet) "
        "or a folder with a file a split; without it rows are made up",
    )
    add(
        "--hub",
        action="store_true",
        help="read config.json and tokenizer_config.json of models that are not bundled from the hub",
    )


def stand_ins_of(options: argparse.Namespace) -> StandInOptions:
    """What the flags say.

    Raises:
        UserError: A file or folder is not there, or two are given for one data set.
    """
    from tminus.rehearse import StandInOptions

    data: dict[str, Path] = {}
    for given in options.data:
        name, equals, path = given.partition("=")
        if not equals:
            name, path = "", given
        rows = Path(path).expanduser().resolve()
        if not rows.exists():
            raise UserError(f"--data {given}: there is no {rows}")
        if name in data:
            raise UserError(f"--data {given}: rows were given before for {name or 'every data set'}")
        data[name] = rows
    return StandInOptions(data=data, hub=options.hub)


def stand_in_arguments(options: argparse.Namespace) -> list[str]:
    """The flags as they were given, for a command that does the same again."""
    return [
        *(word for given in options.data for word in ("--data", given)),
        *(["--hub"] if options.hub else []),
    ]
