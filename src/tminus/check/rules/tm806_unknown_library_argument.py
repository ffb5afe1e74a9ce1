"""TM806: an argument that the training library does not take."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tminus.check.calls import keyword_name_span, keyword_of
from tminus.check.finding import Fix, Safety, Severity
from tminus.check.library_versions import LibraryVersion, library_version
from tminus.check.missing_arguments import in_words, left_out
from tminus.check.rule import Report, rule
from tminus.facts import Callable, Fact, Facts
from tminus.script import Edit, Script

_LIBRARIES = frozenset({"transformers", "trl", "peft", "accelerate"})

# Renames that change the value's form too.
_OTHER_MEANING = frozenset({"include_inputs_for_metrics"})


@rule("TM806", "unknown-library-argument", Severity.ERROR)
def unknown_library_argument(script: Script, facts: Facts) -> Iterator[Report]:
    """Pass arguments that the installed release of the training library takes.

    ## What it does
    Compares the arguments of transformers, TRL, PEFT and Accelerate with their signatures in the release that
    the image pins, or in the newest where it pins none. Required arguments that are left out are found for
    the newest alone.

    ## Why is this bad?
    It is a `TypeError` after the container has started and, often, after the model was downloaded.

    ## Example
    ```python
    image = modal.Image.debian_slim().pip_install("transformers==5.23.0")

    @app.function(image=image)
    def train():
        TrainingArguments("out", evaluation_strategy="steps")
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().pip_install("transformers==5.23.0")

    @app.function(image=image)
    def train():
        TrainingArguments("out", eval_strategy="steps")
    ```

    ## Fix safety
    Safe: only where the library itself gives the argument its new name.

    ## Limit and source
    - `signature.*`: Each finding names the release from which on the argument is there, or gone.

    A warning where the library's release is not in sight. Scripts with Unsloth are left out: it changes these
    signatures.
    """
    if "unsloth" in script.source.text:
        return
    releases = _Releases(script, facts)
    for call in script.library_calls:
        library, _, last = call.made.name.partition(".")
        if library not in _LIBRARIES or call.made.receiver is not None:
            continue
        called = facts.callable(call.made.name) or facts.callable(f"{library}.{last.rpartition('.')[2]}")
        if called is None:
            continue
        release = releases.of(library)
        if release is None or called.takes_any_keyword(release.version):
            continue
        accepted, certain = releases.accepted(called, release)
        for keyword in call.node.keywords:
            if keyword.arg is not None and keyword.arg not in accepted:
                yield _report(script, facts, called, call.node, keyword, release, accepted, certain)
        if release.version == facts.signatures.newest(library):
            names = left_out(called, call.node, accepted)
            if names:
                yield Report(
                    span=script.source.span_of(call.node.func),
                    message=(
                        f"{called.name} of {release.how}, is called without {in_words(names)}: a TypeError"
                    ),
                    source=_signature(called, release, facts),
                    advice=f"Give it {' and '.join(f'{name}=' for name in names)}.",
                    severity=None if certain else Severity.WARNING,
                )


class _Releases:
    """The releases of the libraries that a script runs with, each looked up once."""

    def __init__(self, script: Script, facts: Facts) -> None:
        self._script = script
        self._facts = facts
        self._known: dict[str, LibraryVersion | None] = {}

    def of(self, library: str) -> LibraryVersion | None:
        """The release of a library; None where none of its releases was read."""
        if library not in self._known:
            releases = self._facts.signatures.releases.get(library)
            found = library_version(self._script, library, releases) if releases else None
            self._known[library] = found
        return self._known[library]

    def accepted(self, called: Callable, release: LibraryVersion) -> tuple[frozenset[str], bool]:
        """Names that a call takes, inherited ones too, and whether that is certain."""
        certain = release.certain
        versions = {called.library: release.version}
        for parent, lifetime in called.inherits.items():
            package = parent.partition(".")[0]
            its_release = self.of(package)
            if its_release is not None and lifetime.in_version(release.version):
                versions[package] = its_release.version
                # Which release of the parent's package comes along is the installer's choice.
                certain &= its_release.certain
        return self._facts.signatures.accepted(called.name, versions), certain


def _report(
    script: Script,
    facts: Facts,
    called: Callable,
    node: ast.Call,
    keyword: ast.keyword,
    release: LibraryVersion,
    accepted: frozenset[str],
    certain: bool,
) -> Report:
    name = keyword.arg or ""
    history = facts.signatures.parameter(called.name, name)
    renamed = history.renamed_to if history is not None else None
    import difflib  # only where something is misspelled

    near = difflib.get_close_matches(name, accepted, n=1, cutoff=0.75)
    fix = None
    if renamed in accepted and renamed is not None and keyword_of(node, renamed) is None:
        edit = Edit(keyword_name_span(script, keyword), renamed)
        fix = Fix(f"Use {renamed}=", (edit,), Safety.SAFE) if name not in _OTHER_MEANING else None
    if history is None:
        why = "no release that was read has it"
    elif history.removed_in is not None:
        why = f"it went with {history.callable.partition('.')[0]} {history.removed_in}"
    else:
        why = f"it came with {history.callable.partition('.')[0]} {history.added_in}"
    advice = f"Did you mean {near[0]}=?" if near else f"See the documentation of {called.name}."
    if renamed is not None:
        owner, _, last = renamed.rpartition(".")
        advice = f"It is {last}= of {owner} now." if owner else f"It is {renamed}= now."
    return Report(
        span=keyword_name_span(script, keyword),
        message=f"{called.name} of {release.how}, takes no argument {name}: {why}",
        source=_signature(called, release, facts),
        fix=fix,
        advice=advice,
        severity=None if certain else Severity.WARNING,
    )


def _signature(called: Callable, release: LibraryVersion, facts: Facts) -> Fact:
    return Fact(
        id=f"signature.{called.name}",
        value=release.version,
        unit=f"release of {called.library}",
        source=f"https://pypi.org/project/{called.library}/{release.version}/",
        as_of=facts.signatures.read_on,
    )
