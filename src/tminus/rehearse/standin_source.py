"""Stand-ins made when a script first asks for them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tminus.facts import Facts
from tminus.rehearse.standins import (
    NoStandInError,
    make_dataset,
    make_given_dataset,
    make_model,
    published_model,
    shape_from_code,
    shape_of_model,
)


@dataclass(frozen=True, slots=True)
class StandInOptions:
    """What the user says of models and data sets.

    Attributes:
        data: Real rows, a file or folder by a data set's name; under "" for every one that is not named.
        hub: Whether models that are not bundled are looked up on the hub.
        endpoint: Address of that hub; ``HF_ENDPOINT`` or the public one by default.
    """

    data: Mapping[str, Path] = field(default_factory=dict)
    hub: bool = False
    endpoint: str | None = None


class StandInSource:
    """Makes the stand-in of a model or data set at its first request.

    Args:
        directory: Where they are made.
        facts: The bundled shapes.
        rows: Rows of a training split.
        code: The script: what it reads tells the columns of a data set that is not bundled.
        options: What the user says of models and data sets.
        say: Takes one line of progress for the user.

    Attributes:
        made: What was made, in words.
        refused: Why something could not be made.
    """

    def __init__(
        self,
        directory: Path,
        facts: Facts,
        rows: int,
        code: ast.AST,
        options: StandInOptions,
        say: Callable[[str], None],
    ) -> None:
        self.made: list[str] = []
        self.refused: list[str] = []
        self._directory = directory
        self._facts = facts
        self._rows = rows
        self._code = code
        self._hub = options.hub
        self._endpoint = options.endpoint
        self._data = {name.lower(): path for name, path in options.data.items()}
        self._used: set[str] = set()
        self._say = say

    @property
    def unused(self) -> list[str]:
        """Rows that were given and that the script never asked for, in words."""
        return [
            f"--data {name}={path}: the script asked the hub for no data set of that name"
            if name
            else f"--data {path}: the script asked the hub for no data set"
            for name, path in self._data.items()
            if name not in self._used
        ]

    def resolve(self, kind: str, repo_id: str) -> Path:
        """The folder of a stand-in.

        Raises:
            NoStandInError: None can be made; the message says what to do, and reaches the script.
        """
        folder = self._directory / kind / repo_id.replace("/", "--")
        try:
            words = self._model(repo_id, folder) if kind == "model" else self._dataset(repo_id, folder)
        except NoStandInError as error:
            self._say(str(error))
            self.refused.append(str(error))
            raise
        self.made.append(words)
        self._say(f"stand-in for {words}")
        return folder

    def _model(self, model_id: str, folder: Path) -> str:
        if self._facts.model(model_id) is None and self._hub:
            shape, family = published_model(model_id, self._endpoint)
            model = make_model(model_id, shape, folder, family=family)
            source = ", its config.json and tokenizer's from the hub"
        else:
            model = make_model(model_id, shape_of_model(model_id, self._facts), folder)
            source = ""
        return f"model {model_id}: {model.architecture}, {model.parameters:,} random parameters{source}"

    def _dataset(self, dataset_id: str, folder: Path) -> str:
        shape = self._facts.dataset(dataset_id)
        name = dataset_id.lower() if dataset_id.lower() in self._data else ""
        path = self._data.get(name)
        if path is not None:
            self._used.add(name)
            dataset = make_given_dataset(dataset_id, shape, self._rows, folder, path)
            source = f"from {path}"
        elif shape is not None:
            dataset = make_dataset(dataset_id, shape, self._rows, folder)
            source = "made up, in the columns of the real one"
        else:
            read = shape_from_code(dataset_id, self._code, self._rows)
            dataset = make_dataset(dataset_id, read, self._rows, folder)
            source = "made up, in the columns that the script's code reads: the real ones are not known"
        rows, columns = max(dataset.splits.values()), ", ".join(dataset.columns)
        return f"data set {dataset_id}: {rows:,} rows of {columns} ({source})"
