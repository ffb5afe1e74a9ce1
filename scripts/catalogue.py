"""Bring the translations up to date with the source: new messages come in empty, those that are gone leave.

    python scripts/catalogue.py            # update every catalogue
    python scripts/catalogue.py --check    # exit code 1 where one is not up to date, or not complete

A report says three kinds of things. Its own messages are arguments of ``words(...)``. What rules, plans and
rehearsals say are strings and f-strings of their modules: an f-string becomes a template with a name in
braces for each value, and the report finds the template that a sentence was made from. Pages of rules give
their first sentence and the paragraphs that say why.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from tminus.check.catalogue import catalogue
from tminus.facts import Facts
from tminus.report.audit.part_problems import WHY
from tminus.report.audit.sentences import JOINTS, paragraphs
from tminus.report.audit.wording import LANGUAGES
from tminus.report.rule_page import sections, summary

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "tminus"
LOCALE = PACKAGE / "locale"

# Modules whose sentences reach a report, and those among them whose do not.
SPEAKERS = (
    "check/*.py",
    "check/rules/*.py",
    "facts/fact.py",
    "facts/standing.py",
    "plan/*.py",
    "controlplane/sandbox/detect.py",
    "controlplane/service/unserved.py",
    "rehearse/advice.py",
    "rehearse/evidence.py",
    "rehearse/judge.py",
    "rehearse/observer.py",
    "rehearse/rehearsal.py",
    "rehearse/surroundings.py",
    "rehearse/shim/tminus_shim/*.py",
    "rehearse/standin_source.py",
    "rehearse/workload.py",
    "report/timeline.py",
    "script/*.py",
)
# They speak to the user of `check`, of what the workspace has, of two plans, and of a plan without a script.
SILENT = frozenset(
    [
        *(
            f"check/{name}.py"
            for name in (
                "baseline",
                "batch",
                "cache",
                "config",
                "files",
                "fixing",
                "live",
                "selection",
                "stored",
            )
        ),
        "plan/compare.py",
        "plan/from_values.py",
    ]
)

Key = str | tuple[str, str]


def extracted() -> dict[Key, set[str]]:
    """Every message that a report can say, with the files that it stands in; plurals as pairs."""
    found: dict[Key, set[str]] = {}

    def add(key: Key, where: str) -> None:
        found.setdefault(key, set()).add(where)

    for path in sorted((PACKAGE / "report" / "audit").glob("*.py")):
        for key in own_messages(ast.parse(path.read_text(encoding="utf-8"))):
            add(key, path.relative_to(PACKAGE).as_posix())
    for pattern in SPEAKERS:
        for path in sorted(PACKAGE.glob(pattern)):
            if path.relative_to(PACKAGE).as_posix() in SILENT:
                continue
            for key in sentences_of(ast.parse(path.read_text(encoding="utf-8"))):
                add(key, path.relative_to(PACKAGE).as_posix())
    for code, rule in catalogue().items():
        for text in (summary(rule.page), *paragraphs(sections(rule.page).get(WHY, ""))):
            add(" ".join(text.split()), f"check: page of {code}")
    for entry in Facts.bundled().deprecations:
        for text in filter(_is_said, (entry.old, entry.new)):
            add(text, "facts/data/api: deprecations")
    for facts in Facts.bundled().history.values():
        for fact in facts:
            if re.search(r"[a-z]{4}", fact.unit):
                add(fact.unit, "facts/data: units")
            for text in _words_among(fact.value if isinstance(fact.value, list) else [fact.value]):
                add(text, "facts/data: values")
            for text in _words_among([one.says for one in fact.conflicts]):
                add(text, "facts/data: conflicts")
    for joint in JOINTS:
        add(joint, "report/audit/sentences.py")
    return found


def _words_among(values: list[object]) -> Iterator[str]:
    """The values of a fact that are words; a list with one such is a list of words."""
    texts = [one for one in values if isinstance(one, str)]
    if any(_is_said(one) or one.startswith("not ") for one in texts):
        yield from texts


def own_messages(tree: ast.Module) -> Iterator[Key]:
    """What a module of the report says itself."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="words" | "later") | ast.Attribute(attr="words"),
                args=[ast.Constant(value=str(text)), *_],
            ):
                yield text
            case ast.Call(
                func=ast.Name(id="plural_later"),
                args=[ast.Constant(value=str(one)), ast.Constant(value=str(many))],
            ):
                yield one, many
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="words") | ast.Attribute(attr="words"), attr="count"),
                args=[ast.Constant(value=str(one)), ast.Constant(value=str(many)), *_],
            ):
                yield one, many


def sentences_of(tree: ast.Module) -> Iterator[str]:
    """Strings and f-strings of a module that are words for people, f-strings as templates."""
    left_out = set(_left_out(tree))
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.IfExp):
            yield from _choice(node)
            continue
        if isinstance(node, ast.JoinedStr):
            text = _template(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if _is_said(text):
            yield text


def _choice(node: ast.IfExp) -> Iterator[str]:
    """Single words that a sentence takes one of."""
    for part in (node.body, node.orelse):
        if (
            isinstance(part, ast.Constant)
            and isinstance(part.value, str)
            and re.fullmatch("if|[a-z]{3,}", part.value)
        ):
            yield part.value


def _left_out(tree: ast.Module) -> Iterator[ast.AST]:
    """Docstrings, patterns, and the pieces of f-strings."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                yield docstring
            case ast.Call(func=ast.Name(id="pattern" | "ValueError" | "frozenset")):
                yield from ast.walk(node)
            case ast.JoinedStr(values=values):
                yield from (value for value in values if isinstance(value, ast.Constant))
            case ast.FormattedValue(format_spec=ast.JoinedStr() as specification):
                yield from ast.walk(specification)


def _is_said(text: str) -> bool:
    """Whether a string is words: several of them, and neither a pattern nor a piece of a file."""
    around = re.sub(r"\{\w+\}", " ", text)
    if re.search(r"\w\|\w|\\b|\n|<\w+ |\x00| && ", text) or re.fullmatch(r"([A-Z]\w+ )+[A-Z]\w+", text):
        return False
    return re.search(r"[a-z]{2}[\w'’]*[,:;]? +[\w(@\"`=]|[\w)] [a-z]{2}", around) is not None or (
        "{" in text and re.search(r"\b[A-Za-z]?[a-z]{2,}\b", around) is not None and " " in text.strip()
    )


def _template(node: ast.JoinedStr) -> str:
    parts, used = [], set[str]()
    for value in node.values:
        if isinstance(value, ast.FormattedValue):
            base = name = _name(value.value)
            number = 2
            while name in used:
                name, number = f"{base}{number}", number + 1
            used.add(name)
            parts.append(f"{{{name}}}")
        else:
            assert isinstance(value, ast.Constant)
            parts.append(str(value.value))
    return "".join(parts)


def _name(node: ast.expr) -> str:
    """A name for a value, after the expression that gives it."""
    match node:
        case ast.Name(id=name):
            return name.strip("_").lower() or "value"
        case ast.Attribute(value=value, attr=attr):
            before = _name(value)
            return attr if before == "value" else f"{before}_{attr}"
        case ast.Call(func=ast.Attribute(attr="join")):
            return "items"
        case ast.Call(func=ast.Attribute(value=value, attr="citation" | "isoformat")):
            return _name(value)
        case ast.Call(func=ast.Name(id="max" | "min" | "len" | "str" | "round")):
            return "number"
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name.strip("_")
        case ast.Subscript(value=value):
            return _name(value)
        case ast.BinOp():
            return "number"
    return "value"


def updated(language: str) -> Catalog:
    """A language's catalogue as it should be: what is translated stays."""
    old = read_po(path_of(language).open("rb")) if path_of(language).exists() else Catalog()
    known: dict[Key, Message] = {message.id: message for message in old if message.id}
    new = Catalog(
        locale=LANGUAGES[language],
        project="tminus",
        version="1",
        header_comment=f"# What tminus says, in {language}; kept in step by scripts/catalogue.py.",
        msgid_bugs_address="tminus",
        last_translator="the tminus authors",
        language_team=language,
        fuzzy=False,
    )
    for key, where in sorted(extracted().items(), key=lambda item: (min(item[1]), str(item[0]))):
        message = known.get(key)
        string = message.string if message is not None else None
        new.add(key, string, locations=[(one, 0) for one in sorted(where)])
    new.creation_date = old.creation_date
    new.revision_date = old.revision_date
    return new


def untranslated(language: str) -> list[Key]:
    """Messages without a translation."""
    return [one.id for one in updated(language) if one.id and not _complete(one)]


def _complete(message: Message) -> bool:
    string = message.string
    return all(string) if isinstance(string, tuple | list) else bool(string)


def path_of(language: str) -> Path:
    """Where a language's catalogue is."""
    return LOCALE / LANGUAGES[language] / "LC_MESSAGES" / "tminus.po"


def main() -> int:
    """Update, or check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    missing = 0
    for language in LANGUAGES:
        if language == "en":
            continue
        for key in untranslated(language):
            print(f"{language}: not translated: {key!r}")
            missing += 1
        if not options.check:
            path_of(language).parent.mkdir(parents=True, exist_ok=True)
            new = updated(language)
            with path_of(language).open("wb") as file:
                write_po(file, new, width=110, include_lineno=False, sort_output=False)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
