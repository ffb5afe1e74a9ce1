"""What the documentation site has beside `docs/`: pages from the top of the repository, generated reference.

MkDocs calls these functions by their names (`hooks:` in `mkdocs.yml`).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tminus.cli import VERBS

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]

# Name in the site <- file of the repository.
_COPIED = {
    "index.md": "README.md",
    "COVERAGE.md": "COVERAGE.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "ARCHITECTURE.md": "ARCHITECTURE.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
}
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not below `docs/`."""
    from mkdocs.structure.files import File

    for name, source in _COPIED.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text(encoding="utf-8")))
    files.append(File.generated(config, "commands.md", content=_commands()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links at the site's pages; a file that the site does not have is named without a link."""
    # Links of a copied page are relative to the repository's top, those of the others to their own folder.
    folder = ROOT if page.file.src_uri in _COPIED else (ROOT / "docs" / page.file.src_uri).parent

    def link(match: re.Match[str]) -> str:
        words, target = match.groups()
        if re.match(r"[a-z]+:|#", target):
            return match[0]
        path, mark, anchor = target.partition("#")
        name = _page_of((folder / path).resolve())
        if name is None or files.get_file_from_path(name) is None:
            return words if words.startswith("`") else f"`{words}`"
        relative = os.path.relpath(name, Path(page.file.src_uri).parent)
        return f"[{words}]({relative}{mark}{anchor})"

    return _LINK.sub(link, markdown)


def _page_of(path: Path) -> str | None:
    """The site's page that a file of the repository becomes."""
    copied = {(ROOT / source).resolve(): name for name, source in _COPIED.items()}
    if path in copied:
        return copied[path]
    try:
        return path.relative_to(ROOT / "docs").as_posix()
    except ValueError:
        return None


def _commands() -> str:
    """Every verb with its help, as the program prints it."""
    parts = [
        "# Commands\n\nEvery flag of every verb. Flags of `tminus check` can stand in `[tool.tminus]` of "
        "`pyproject.toml`, by the same names ([configuration](check.md)).\n"
    ]
    for verb in VERBS:
        done = subprocess.run(
            [sys.executable, "-m", "tminus", verb, "--help"],
            env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        parts.append(f"## tminus {verb}\n\n```text\n{done.stdout.rstrip()}\n```\n")
    return "\n".join(parts)
