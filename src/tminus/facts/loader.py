"""Reading the bundled data files into typed facts.

Every ``*.toml`` of the data folder is read; a file may hold ``[[fact]]``, ``[[model]]``, ``[[dataset]]`` and
``[[plan]]`` tables, and one of them holds the GPU types. What only some rules need lies in its folder ``api``
and is read when it is asked for: `Facts.deprecations` and `Facts.signatures`, with their short forms
`Facts.parameter`, `Facts.attribute`, `Facts.callable` and `Facts.signature`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from tminus.facts.deprecations import Deprecation, read_deprecations
from tminus.facts.fact import Fact
from tminus.facts.gpus import GpuRequest, GpuType
from tminus.facts.history import AttributeHistory, Callable, ParameterHistory, Signatures
from tminus.facts.linears import Experts, LatentAttention
from tminus.facts.models import DatasetShape, ModelShape, WorkspacePlan
from tminus.facts.tables import Tables, read_tables

DATA = Path(__file__).parent / "data"

_REQUIRED = ("id", "value", "unit", "source", "as_of")
_NEEDED = frozenset(_REQUIRED)
_KNOWN = _NEEDED | {"probe", "probe_value", "no_probe", "since", "until", "note", "conflicts"}
_PLAN_LIMITS = ("concurrent_gpus", "concurrent_containers", "monthly_fee_usd", "monthly_credit_usd")


@dataclass(frozen=True)
class Facts:
    """Everything that is documented, by id and by kind.

    Indexing gives the fact that holds now; `as_of` gives the one that held on a day.
    """

    history: dict[str, tuple[Fact, ...]]
    gpus: dict[str, GpuType]
    models: dict[str, ModelShape]
    datasets: dict[str, DatasetShape]
    plans: tuple[WorkspacePlan, ...]
    directory: Path
    tables: Tables = field(repr=False)

    @staticmethod
    @cache
    def bundled() -> Facts:
        """The facts that ship with the package."""
        return Facts.load(DATA)

    @staticmethod
    def load(directory: Path) -> Facts:
        """Read every data file of a directory laid out like the bundled one.

        Raises:
            ValueError: A fact lacks a field or has an unknown one; the message names file and fact.
        """
        tables = read_tables(directory)
        history: dict[str, tuple[Fact, ...]] = {}
        for fact in _facts(tables):
            history[fact.id] = (*history.get(fact.id, ()), fact)
        return Facts(
            history=history,
            gpus={gpu.name: gpu for gpu in _read_gpus(tables["gpus.toml"], history)},
            models={shape.id.lower(): shape for table in tables.values() for shape in _read_models(table)},
            datasets={
                entry["id"].lower(): DatasetShape(**entry)
                for table in tables.values()
                for entry in table.get("dataset", ())
            },
            plans=tuple(plan for table in tables.values() for plan in _read_plans(table, history)),
            directory=directory,
            tables=tables,
        )

    @cached_property
    def today(self) -> date:
        """The day on which the age of a fact is counted.

        SOURCE_DATE_EPOCH (seconds since 1970), where it is set, makes that reproducible.
        """
        epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
        return datetime.fromtimestamp(int(epoch), UTC).date() if epoch.isdigit() else date.today()

    @cached_property
    def deprecations(self) -> tuple[Deprecation, ...]:
        """What Modal's client deprecated or removed, in the order of the data file."""
        return read_deprecations(self.tables["api/deprecations.toml"])

    @cached_property
    def signatures(self) -> Signatures:
        """Parameters and attributes of Modal's client and of the training libraries, by release."""
        return Signatures.load(self.directory / "api" / "signatures.json")

    def callable(self, name: str) -> Callable | None:
        """A callable of a library, such as ``modal.App.function``; None if it was not read."""
        return self.signatures.callable(name)

    def parameter(self, callable_name: str, name: str) -> ParameterHistory | None:
        """A parameter's releases, inherited ones included; None where the callable never had it.

        Also None for a callable that was not read: `callable` tells the two apart.
        """
        return self.signatures.parameter(callable_name, name)

    def attribute(self, name: str) -> AttributeHistory | None:
        """The releases of an attribute such as ``modal.Volume.lookup``; None where none had it.

        ``facts.signatures.knows("modal.Volume")`` tells a name that never existed from one that was not read.
        """
        return self.signatures.attribute(name)

    def signature(self, callable_name: str, version: str | Mapping[str, str] | None = None) -> frozenset[str]:
        """Names of the parameters that a callable takes in a release, inherited ones included.

        Args:
            callable_name: Dotted name, such as ``trl.SFTConfig``.
            version: Release of its package, or the release of each package by name
                (``trl.SFTConfig`` also takes what transformers' TrainingArguments takes). The newest that was
                read for None, and for each package that is not named.

        Raises:
            KeyError: The callable was not read.
        """
        if isinstance(version, str):
            version = {callable_name.partition(".")[0]: version}
        return self.signatures.accepted(callable_name, version or {})

    def __getitem__(self, fact_id: str) -> Fact:
        """The fact that holds now.

        Raises:
            KeyError: No such fact; the message names the nearest ids.
        """
        return self.as_of(fact_id, None)

    def as_of(self, fact_id: str, day: date | None) -> Fact:
        """The fact that held on `day`, or that holds now for None.

        Raises:
            KeyError: No such fact, or none known for that day.
        """
        if fact_id not in self.history:
            import difflib  # only where something is misspelled

            near = difflib.get_close_matches(fact_id, self.history, n=3, cutoff=0.5)
            raise KeyError(f"no fact {fact_id!r}" + (f"; near: {', '.join(near)}" if near else ""))
        known = self.history[fact_id]
        held = [fact for fact in known if (fact.until is None if day is None else fact.held_on(day))]
        if not held:
            raise KeyError(f"no value of {fact_id!r} is known for {day}")
        # A value that ended later than `day` is preferred to one whose beginning is not known.
        return min(held, key=lambda fact: fact.until or date.max)

    def __iter__(self) -> Iterator[Fact]:
        for facts in self.history.values():
            yield from facts

    def gpu(self, name: str) -> GpuType | None:
        """The GPU type of that name or alias, in any case, without a count; None if there is none."""
        wanted = name.upper()
        for gpu in self.gpus.values():
            if wanted == gpu.name or wanted in gpu.aliases:
                return gpu
        return None

    def gpu_of(self, request: GpuRequest) -> GpuType | None:
        """The GPU type that a request asks for; None if there is none."""
        return self.gpu(request.type_name)

    def nearest_gpu_names(self, name: str) -> list[str]:
        """Names of GPU types that look like a mistyped one, best first."""
        import difflib

        return difflib.get_close_matches(name.upper(), self.gpus, n=2, cutoff=0.5)

    def model(self, model_id: str) -> ModelShape | None:
        """The shape of a model by its hub name, in any case; None if it is not bundled."""
        return self.models.get(model_id.lower())

    def nearest_models(self, model_id: str) -> list[str]:
        """Hub names that look like a mistyped one, with or without its owner, best first."""
        import difflib

        by_name = {name.rpartition("/")[2]: name for name in self.models}
        wanted = model_id.lower()
        near = difflib.get_close_matches(wanted, self.models, n=3, cutoff=0.75)
        near += [
            by_name[name]
            for name in difflib.get_close_matches(wanted.rpartition("/")[2], by_name, n=3, cutoff=0.75)
        ]
        return [self.models[name].id for name in dict.fromkeys(near)]

    def dataset(self, dataset_id: str) -> DatasetShape | None:
        """The shape of a data set by its hub name, in any case; None if it is not bundled."""
        return self.datasets.get(dataset_id.lower())

    def plan(self, name: str) -> WorkspacePlan:
        """The workspace plan of that name, in any case.

        Raises:
            KeyError: No such plan; the message names those that exist.
        """
        for plan in self.plans:
            if plan.name.lower() == name.lower():
                return plan
        raise KeyError(f"no workspace plan {name!r}; there are {', '.join(p.name for p in self.plans)}")

    def smallest_plan_for(self, gpus: int) -> WorkspacePlan:
        """The first plan whose limit on concurrent GPUs admits `gpus` at once."""
        for plan in self.plans:
            if plan.concurrent_gpus is None or plan.concurrent_gpus >= gpus:
                return plan
        return self.plans[-1]


def _facts(tables: dict[str, dict[str, Any]]) -> Iterator[Fact]:
    for name, table in tables.items():
        for entry in table.get("fact", ()):
            if not entry.keys() >= _NEEDED:
                missing = [key for key in _REQUIRED if key not in entry]
                raise ValueError(f"{name}: fact {entry.get('id')!r} has no {', '.join(missing)}")
            if not entry.keys() <= _KNOWN:
                unknown = sorted(entry.keys() - _KNOWN)
                raise ValueError(f"{name}: fact {entry['id']!r} has unknown fields: {', '.join(unknown)}")
            yield Fact.read(entry)


def _now(history: Mapping[str, tuple[Fact, ...]], fact_id: str) -> Fact:
    return next(fact for fact in history[fact_id] if fact.until is None)


def _read_gpus(data: Mapping[str, Any], history: Mapping[str, tuple[Fact, ...]]) -> Iterator[GpuType]:
    for entry in data["gpu"]:
        name = entry["name"]
        yield GpuType(
            **{
                **entry,
                "memory_gb": _now(history, f"gpu.{name}.memory_gb").value,
                "max_per_container": _now(history, f"gpu.{name}.max_per_container"),
                "usd_per_second": _now(history, f"gpu.{name}.usd_per_second"),
                "aliases": tuple(entry.get("aliases", ())),
                "host_gpus": entry["host_gpus"] or None,
            }
        )


def _read_models(data: dict[str, Any]) -> Iterator[ModelShape]:
    for entry in data.get("model", ()):
        shape = {key: value for key, value in entry.items() if key != "ids"}
        if "experts" in shape:
            shape["experts"] = Experts(**shape["experts"])
        if "latent" in shape:
            shape["latent"] = LatentAttention(**shape["latent"])
        for model_id in entry["ids"]:
            yield ModelShape(id=model_id, **shape)


def _read_plans(data: Mapping[str, Any], history: Mapping[str, tuple[Fact, ...]]) -> Iterator[WorkspacePlan]:
    for entry in data.get("plan", ()):
        name = entry["name"]
        facts = {limit: _now(history, f"plan.{name.lower()}.{limit}") for limit in _PLAN_LIMITS}
        numbers: dict[str, Any] = {
            limit: None if isinstance(fact.value, str) else fact.value for limit, fact in facts.items()
        }
        gpus = facts["concurrent_gpus"]
        yield WorkspacePlan(name=name, source=gpus.source, as_of=gpus.as_of, **numbers)
