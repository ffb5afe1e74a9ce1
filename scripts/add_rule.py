"""Start a rule: its module with the headings of its page, and a folder for its fixtures.

    python scripts/add_rule.py TM112 host-memory-too-small --severity warning

What is written passes no test before it is filled in: there is no fact of the id that stands in it, both
fixtures hold the same script, and `scripts/rule_pages.py` must find the example and not what to use instead.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

MODULE = '''\
"""{code}: {words}."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script


@rule("{code}", "{name}", Severity.{severity})
def {function}(script: Script, facts: Facts) -> Iterator[Report]:
    """Say in one sentence what to do.

    ## What it does
    What is looked for, and when the rule stays silent.

    ## Why is this bad?
    What happens, when, and what it costs.

    ## Example
    ```python
    @app.function()
    def train(): ...
    ```

    ## Use instead
    ```python
    @app.function()
    def train(): ...
    ```

    ## Fix safety
    No fix: why.

    ## Limit and source
    - `id.of.the.fact`: Words, where its value needs some.
    """
    for function in script.functions:
        fact = facts["id.of.the.fact"]
        yield Report(
            span=function.decorator,
            message=f"what {{function.name}}() does, what the limit is, and what follows",
            source=fact,
            advice="What to do.",
        )
'''

FIXTURE = """\
import modal

app = modal.App("{name}")


@app.function(gpu="H100", timeout=6 * 60 * 60)
def train():
    ...
"""


def main(argv: list[str] | None = None) -> int:
    """Write the files; 2 where there is such a rule already or the arguments are no code or name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("code", help="such as TM112")
    parser.add_argument("name", help="such as host-memory-too-small")
    parser.add_argument("--severity", choices=("error", "warning", "info"), default="warning")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    options = parser.parse_args(argv)
    code, name, rules = options.code.upper(), options.name, options.root / "src/tminus/check/rules"
    if not re.fullmatch(r"TM\d{3}", code):
        parser.error(f"a code is TM and three digits, not {code}")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        parser.error(f"a name is words in small letters with hyphens, not {name}")
    taken = [path for path in rules.glob("*.py") if path.name.startswith(f"{code.lower()}_")]
    if taken:
        parser.error(f"there is a rule {code}: {taken[0]}")
    function = name.replace("-", "_")
    words = {"code": code, "name": name, "function": function, "severity": options.severity.upper()}
    files = {
        rules / f"{code.lower()}_{function}.py": MODULE.format(words=name.replace("-", " "), **words),
        options.root / "tests/check" / code / "bad" / "plain.py": FIXTURE.format(**words),
        options.root / "tests/check" / code / "good" / "looks_wrong_is_right.py": FIXTURE.format(**words),
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
