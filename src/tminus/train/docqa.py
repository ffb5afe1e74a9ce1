"""Questions and answers from the docstrings of Python's standard library.

Real text about a real thing that is on every machine with Python, so the demonstration needs no download.
The sources are parsed, never imported. The same Python version gives the same rows in the same order.
"""

from __future__ import annotations

import ast
import sysconfig
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

_SKIPPED = frozenset(
    {
        "test", "tests", "idlelib", "lib2to3", "turtledemo", "site-packages", "__pycache__", "ensurepip",
        "tkinter", "turtle.py", "distutils", "encodings", "pydoc_data",
    }
)  # fmt: skip
_MIN_CHARACTERS = 30
_MAX_CHARACTERS = 400

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def docqa_rows(limit: int | None = None) -> list[dict[str, str]]:
    """Rows of `question` and `answer`, one for each documented public function, class and method.

    Args:
        limit: At most this many rows, the first ones. Only what they need is parsed.
    """
    root = Path(sysconfig.get_path("stdlib"))
    return list(islice((row for path in _sources(root) for row in _rows_of(path, root)), limit))


def _sources(root: Path) -> list[Path]:
    found = []
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).parts
        if not any(part in _SKIPPED or (part.startswith("_") and part != "__init__.py") for part in parts):
            found.append(path)
    return sorted(found, key=lambda path: path.relative_to(root).parts)


def _rows_of(path: Path, root: Path) -> Iterator[dict[str, str]]:
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return  # a few sources of the library are samples of other encodings or of broken code
    parts = path.relative_to(root).with_suffix("").parts
    module = ".".join(part for part in parts if part != "__init__")
    for name, node in _definitions(tree, module):
        answer = _first_paragraph(ast.get_docstring(node) or "")
        if _MIN_CHARACTERS <= len(answer) <= _MAX_CHARACTERS:
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            yield {"question": f"What is the Python {kind} {name} for?", "answer": answer}


def _definitions(tree: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, Definition]]:
    for node in tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            name = f"{prefix}.{node.name}"
            yield name, node
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node, name)


def _first_paragraph(docstring: str) -> str:
    return " ".join(docstring.strip().partition("\n\n")[0].split())
