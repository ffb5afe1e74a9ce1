"""Loading a data set and turning it into rows that TRL takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tminus.train.config import TrainConfig
from tminus.train.errors import DataError
from tminus.train.rows import recognise

FILE_BUILDERS = {".jsonl": "json", ".json": "json", ".parquet": "parquet", ".csv": "csv"}


def load_rows(config: TrainConfig, *, chat: bool) -> Any:
    """Load the data set of a configuration as a map-style `datasets.Dataset` of TRL's rows.

    Args:
        config: The run.
        chat: Whether the tokenizer has a chat template.

    Raises:
        DataError: The file is missing, there are no rows, or the columns are no accepted schema.
    """
    import datasets

    path = Path(config.dataset).expanduser()
    if path.suffix in FILE_BUILDERS:
        if not path.is_file():
            raise DataError(f"dataset: {path} does not exist. Give the path as it is where training runs.")
        builder = FILE_BUILDERS[path.suffix]
        dataset = datasets.load_dataset(builder, data_files=str(path), split=config.dataset_split)
    else:
        dataset = datasets.load_dataset(config.dataset, config.dataset_config, split=config.dataset_split)
    if len(dataset) == 0:
        raise DataError(f"dataset: {config.dataset} has no rows in {config.dataset_split}.")
    schema = recognise(dataset.column_names, f"dataset {config.dataset}")
    if schema.kind != "instruction":
        return dataset.select_columns(list(schema.columns))
    return dataset.map(
        schema.convert, fn_kwargs={"chat": chat}, remove_columns=dataset.column_names, desc="Reading rows"
    )


def fill_last_batch(dataset: Any, global_batch: int) -> Any:
    """Repeat the first rows until the rows are a multiple of the global batch.

    Every step of every epoch then has the same rows at every world size. Without it each world size fills or
    drops the end of an epoch in its own way.
    """
    rows = len(dataset)
    missing = -rows % global_batch
    if not missing:
        return dataset
    return dataset.select([*range(rows), *(index % rows for index in range(missing))])
