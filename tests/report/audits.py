"""What the tests of reports share: audits made once, and the text of a document."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from tminus.facts import Facts
from tminus.report.audit.build import audit_document
from tminus.report.audit.document import Badge, Code, Document, Figure, Link, Mono, Strong, Text
from tminus.report.audit.evidence import Evidence
from tminus.report.audit.wording import Words

ROOT = Path(__file__).parents[2]
TEN_GPUS = ROOT / "examples" / "audit" / "train_h100x10.py"
CLEAN = ROOT / "examples" / "finetune_llama.py"


@cache
def evidence_of(path: Path) -> Evidence:
    """A script's evidence; the tests only read it."""
    return Evidence.of(path, Facts.bundled())


@cache
def audit_of(path: Path, language: str = "en") -> Document:
    """A script's audit in a language."""
    return audit_document(evidence_of(path), Words(language))


def leaves(part: object) -> Iterator[Text | Mono | Strong | Link | Badge | Code | str]:
    """Everything of a document that can be read, in its order; code as a whole, names as strings."""
    match part:
        case Text() | Mono() | Strong() | Link() | Badge() | Code():
            yield part
        case Figure(caption=caption, description=description):
            yield from (caption, description)
        case str():
            yield part
        case tuple() | list():
            for one in part:
                yield from leaves(one)
        case _ if dataclasses.is_dataclass(part):
            for field in dataclasses.fields(part):
                if field.name in ("anchor", "language", "tone", "ordered", "numeric", "labels", "code"):
                    continue
                yield from leaves(getattr(part, field.name))


def catalogue_script() -> ModuleType:
    """``scripts/catalogue.py`` as a module."""
    name = "catalogue_script"
    if name not in sys.modules:
        specification = importlib.util.spec_from_file_location(name, ROOT / "scripts" / "catalogue.py")
        assert specification is not None
        assert specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        sys.modules[name] = module
        specification.loader.exec_module(module)
    return sys.modules[name]
