"""Write the pages of the rules: docs/rules/TMxxx.md and their index.

    python scripts/rule_pages.py            # write what changed
    python scripts/rule_pages.py --check    # 1 where a page is not what would be written

A page is the rule's docstring with its facts filled in. Each example is completed by the lines that it leaves
out (`PRELUDE`), checked as a user would check it, and shown with what the check prints. An example that its
rule does not find, or a `Use instead` that it finds, is an error: nothing is written then.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from pathlib import Path

from tminus.check import Rule
from tminus.check.batch import check_file
from tminus.check.catalogue import catalogue
from tminus.check.codes import PLANNED_CODES
from tminus.check.config import find_config
from tminus.check.task import Task
from tminus.check.tokens import masked
from tminus.facts import Facts
from tminus.plan.findings import with_plan
from tminus.report.findings_formats import rendered
from tminus.report.findings_outcome import Outcome
from tminus.report.rule_page import fix_words, rule_page, sections, summary
from tminus.report.style import Style

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "rules"
SCRIPT = "train.py"

# What an example may use without saying where it is from, in the order in which it is written.
PRELUDE = {
    "os": "import os",
    "shutil": "import shutil",
    "subprocess": "import subprocess",
    "sys": "import sys",
    "modal": "import modal",
    "dist": "import torch.distributed as dist",
    "load_dataset": "from datasets import load_dataset",
    "load_from_disk": "from datasets import load_from_disk",
    "AutoModelForCausalLM": "from transformers import AutoModelForCausalLM",
    "TrainingArguments": "from transformers import TrainingArguments",
    "get_last_checkpoint": "from transformers.trainer_utils import get_last_checkpoint",
    "SFTConfig": "from trl import SFTConfig",
    "SFTTrainer": "from trl import SFTTrainer",
    "app": 'app = modal.App("example")',
    "volume": 'volume = modal.Volume.from_name("runs", create_if_missing=True)',
    "rows": '\n\ndef rows():\n    return load_dataset("tatsu-lab/alpaca", split="train")\n',
}

# Files that an example needs beside it.
BESIDE = {"TM604": {"my_data.py": "def load_rows(): ...\n"}}

# A page cannot hold a token; this is one of the right form, which no service ever gave to anybody.
TOKEN = ("hf_…", "hf_" + "aB3dE5gH7jK9" * 3)

_BLOCK = re.compile(r"```(\w+)\n(.*?)```\n?", re.DOTALL)


class PageError(Exception):
    """A page whose example does not show what it should; the message names the rule."""


def names_left_open(tree: ast.Module) -> set[str]:
    """Names that a script reads and binds nowhere."""
    read, bound = set[str](), set[str](dir(builtins))
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                read.add(name)
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.alias(name=name, asname=other):
                bound.add(other or name.partition(".")[0])
    return read - bound


def completed(code: str) -> str:
    """An example with the lines that it leaves out.

    Raises:
        PageError: It uses a name that nothing explains.
    """
    tree, lines, wanted = ast.parse(code), dict[str, str](), names_left_open(ast.parse(code))
    while wanted:
        if unknown := wanted - PRELUDE.keys():
            raise PageError(f"nothing says what {', '.join(sorted(unknown))} is")
        lines |= {name: PRELUDE[name] for name in wanted}
        wanted = names_left_open(ast.parse("\n".join(lines.values()))) - lines.keys()
    ordered = [PRELUDE[name] for name in PRELUDE if name in lines]
    imports = [line for line in ordered if line.startswith(("import", "from"))]
    lines_of_code = code.splitlines()
    # Imports of the example's own stand among the others.
    taken = [node.lineno - 1 for node in tree.body if isinstance(node, ast.ImportFrom)]
    rest = [line for number, line in enumerate(lines_of_code) if number not in taken]
    groups = [
        [line for line in imports if line.split()[1] in sys.stdlib_module_names],
        joined(
            [line for line in imports if line.split()[1].partition(".")[0] not in sys.stdlib_module_names]
        ),
        [lines_of_code[number] for number in taken],
        [line for line in ordered if line not in imports],
        ["\n".join(rest).strip("\n")],
    ]
    return spaced("\n\n".join("\n".join(group) for group in groups if group) + "\n")


def spaced(code: str) -> str:
    """Code with two blank lines around functions, as formatters write it."""
    code = re.sub(r"\n{2,}(?=(?:#[^\n]*\n)*(?:@|def |class ))", "\n\n\n", code)
    return re.sub(r"(\n[ \t]+[^\n]*|\.\.\.[^\n]*)\n\n(?=[^\s@#])", r"\1\n\n\n", code)


def joined(imports: list[str]) -> list[str]:
    """Imports with those from one module in one line."""
    found: dict[str, list[str]] = {}
    for line in imports:
        start, _, name = line.partition(" import ")
        found.setdefault(start, []).append(name)
    return [
        f"{start} import {', '.join(names)}" if names != [""] else start for start, names in found.items()
    ]


def printed(rule: Rule, files: Mapping[str, str], folder: Path) -> tuple[int, str]:
    """How often a rule finds something in a script, and what the check prints of it."""
    for name, text in files.items():
        (folder / name).write_text(text.replace(*TOKEN), encoding="utf-8")
    config = find_config(folder, catalogue())
    extend = with_plan
    if rule.code in PLANNED_CODES:
        from functools import partial

        extend = partial(with_plan, budget_usd=config.values.get("budget-usd"))
    path = folder / SCRIPT
    checked = check_file(path, Task(config=config, extend=extend))
    pairs = [pair for pair in zip(checked.findings, checked.places, strict=True) if pair[0].code == rule.code]
    sources = {} if checked.source is None else {path: checked.source}
    outcome = Outcome([one for one, _ in pairs], [one for _, one in pairs], [path], sources, folder)
    return len(pairs), rendered(outcome, "text", Style(False))


def files_of(text: str, rule: Rule) -> dict[str, str]:
    """The script of a section, completed, and the files beside it; empty where it shows no script."""
    blocks = dict(_BLOCK.findall(text))
    if "python" not in blocks:
        return {}
    code = blocks["python"]
    # What cannot be parsed is the point of the page on files that are no Python.
    files = {SCRIPT: code if rule.code == "TM000" else completed(code), **BESIDE.get(rule.code, {})}
    if "toml" in blocks:
        files["pyproject.toml"] = blocks["toml"]
    return files


def shown(text: str, rule: Rule, found: bool) -> str:
    """A section with its script completed and with what the check prints of it.

    Raises:
        PageError: The rule finds nothing where it should, or something where it should not.
    """
    files = files_of(text, rule)
    if not files:
        return text
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        count, output = printed(rule, files, Path(folder).resolve())
    if (count > 0) is not found:
        raise PageError(f"{count} findings in:\n{files[SCRIPT]}")
    flags = " --plan" if rule.code in PLANNED_CODES else ""
    script = _BLOCK.sub(lambda block: _fenced(block, files), text)
    return (
        f"{script.rstrip()}\n\n`tminus check {SCRIPT}{flags}` prints of this rule:\n\n"
        f"```text\n{output.rstrip()}\n```"
    )


def _fenced(block: re.Match[str], files: Mapping[str, str]) -> str:
    return block[0] if block[1] != "python" else f"```python\n{masked(files[SCRIPT]).rstrip()}\n```\n"


def page(rule: Rule, facts: Facts) -> str:
    """The file of a rule.

    Raises:
        PageError: An example does not show what it should.
    """
    text = rule_page(rule, facts)
    parts = sections(text)
    first = parts.pop("")
    try:
        parts["Example"] = shown(parts["Example"], rule, found=True)
        parts["Use instead"] = shown(parts["Use instead"], rule, found=False)
    except (PageError, SyntaxError) as error:
        raise PageError(f"{rule.code}: {error}") from error
    body = "\n\n".join(f"## {heading}\n\n{part}" for heading, part in parts.items())
    return f"# {rule.code} {rule.name}\n\n{rule.severity} · fix: {fix_kind(rule)}\n\n{first}\n\n{body}\n"


def fix_kind(rule: Rule) -> str:
    """How safe the fixes of a rule are, in a word."""
    first = fix_words(rule.page).split()[0].strip(":,.").lower()
    return "none" if first == "no" else first


def index(rules: Mapping[str, Rule]) -> str:
    """The table of all rules."""
    lines = [
        "# Rules",
        "",
        "`tminus explain CODE` prints a page; these also show what the check prints of their examples.",
        "A finding can be milder than its rule; the page says when.",
        "",
        "| code | name | severity | fix | what to do |",
        "|---|---|---|---|---|",
    ]
    for code, rule in rules.items():
        what = summary(rule.page).replace("|", "\\|")
        lines.append(f"| [{code}]({code}.md) | {rule.name} | {rule.severity} | {fix_kind(rule)} | {what} |")
    return "\n".join([*lines, ""])


def pages() -> Iterator[tuple[Path, str | PageError]]:
    """Every file with its text, or with why there is none."""
    facts = Facts.bundled()
    for rule in catalogue().values():
        try:
            yield PAGES / f"{rule.code}.md", page(rule, facts)
        except PageError as error:
            yield PAGES / f"{rule.code}.md", error
    yield PAGES / "README.md", index(catalogue())


def main(argv: list[str] | None = None) -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where something would change")
    options = parser.parse_args(argv)
    # Old facts weaken errors: the pages are those of the day on which the newest fact was read.
    newest = max(fact.as_of for fact in Facts.bundled())
    day = datetime.combine(newest, time(), UTC)
    os.environ["SOURCE_DATE_EPOCH"] = str(int(day.timestamp()))
    made = dict(pages())
    failed = [text for text in made.values() if isinstance(text, PageError)]
    for error in failed:
        print(error, file=sys.stderr)
    if failed:
        return 2
    texts = {path: str(text) for path, text in made.items()}
    existing = {path: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    changed = [
        path for path in sorted(texts.keys() | existing.keys()) if texts.get(path) != existing.get(path)
    ]
    for path in changed:
        print(path.relative_to(ROOT))
        if not options.check:
            if path in texts:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(texts[path], encoding="utf-8")
            else:
                path.unlink()
    return 1 if options.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
