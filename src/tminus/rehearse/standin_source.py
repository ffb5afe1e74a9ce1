"""Stand-ins made when a script first asks for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tminus.facts import Facts
from tminus.rehearse.standins import NoStandInError, make_dataset, make_model, shape_of_model


class StandInSource:
    """Makes the stand-in of a model or data set at its first request.

    Attributes:
        made: What was made, in words.
        refused: Why something could not be made.
    """

    def __init__(self, directory: Path, facts: Facts, rows: int, say: Callable[[str], None]) -> None:
        self.made: list[str] = []
        self.refused: list[str] = []
        self._directory = directory
        self._facts = facts
        self._rows = rows
        self._say = say

    def resolve(self, kind: str, repo_id: str) -> Path:
        """The folder of a stand-in.

        Raises:
            NoStandInError: None can be made; the message says what to do, and reaches the script.
        """
        folder = self._directory / kind / repo_id.replace("/", "--")
        try:
            words = self._make(kind, repo_id, folder)
        except NoStandInError as error:
            self._say(str(error))
            self.refused.append(str(error))
            raise
        self.made.append(words)
        self._say(f"stand-in for {words}")
        return folder

    def _make(self, kind: str, repo_id: str, folder: Path) -> str:
        if kind == "model":
            model = make_model(repo_id, shape_of_model(repo_id, self._facts), folder)
            return f"model {repo_id}: {model.architecture}, {model.parameters:,} random parameters"
        dataset = make_dataset(repo_id, self._facts.dataset(repo_id), self._rows, folder)
        rows, columns = max(dataset.splits.values()), ", ".join(dataset.columns)
        return f"data set {repo_id}: {rows:,} rows of {columns}"
