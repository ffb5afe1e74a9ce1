"""TM611: a clone or a package from a repository without a commit, in a layer that is cached."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.calls import is_true
from tminus.check.finding import Severity
from tminus.check.packages import COMMANDS, command_strings, packages_of
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Script
from tminus.script.image import ImageStep, all_images

_CLONE = pattern(r"\bgit\s+clone\b(?P<rest>[^&|;\n]*)")
_CHECKOUT = pattern(r"\bgit\b[^&|;\n]*\b(checkout|reset\s+--hard|switch)\b")
# A branch or tag with a number in it is a release as a rule.
_BRANCH = pattern(r"(?:--branch|-b|--revision)[\s=]+\S*\d\S*")


@rule("TM611", "unpinned-in-cached-layer", Severity.INFO)
def unpinned_in_cached_layer(script: Script, facts: Facts) -> Iterator[Report]:
    """Name the commit of what is fetched from a repository.

    ## What it does
    Finds `git clone` without a checkout and `pip install git+https://…` without `@commit` in image steps.

    ## Why is this bad?
    The layer is cached: it keeps the code of the day on which it was built, and gets other code whenever an
    earlier step changes or someone else builds it. Two runs of the same script then train with different
    code.

    ## Example
    ```python
    image = modal.Image.debian_slim().run_commands("git clone https://github.com/me/trainer /trainer")
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().run_commands(
        "git clone https://github.com/me/trainer /trainer && git -C /trainer checkout 3f0e1c2"
    )
    ```

    ## Fix safety
    No fix: which commit is meant is not in the script.

    ## Limit and source
    - `image.layers_are_cached`
    """
    source = facts["image.layers_are_cached"]
    seen: set[int] = set()
    for image in all_images(script):
        commands = [
            (text, step) for step in image.steps if step.method in COMMANDS
            for text in command_strings(script, step) if text is not None
        ]  # fmt: skip
        # As it is written: the commit is often a variable.
        written = (script.source.slice(step.span) for step in image.steps if step.method in COMMANDS)
        pinned_later = any(map(_CHECKOUT.search, written))
        for (command, node), step in commands:
            clone = _CLONE.search(command)
            if clone is None or id(node) in seen or pinned_later or _rebuilt(script, step):
                continue
            if _BRANCH.search(command):
                continue
            seen.add(id(node))
            yield Report(
                span=script.source.span_of(node),
                message=(
                    "git clone takes the newest commit of the day on which the layer is built, and the layer "
                    "is cached: which code runs depends on when it was built"
                ),
                source=source,
                advice="Add `git checkout COMMIT` to the same command.",
            )
        for package in packages_of(script, image).found:
            url = package.url or ""
            if not url.startswith("git+") or id(package.node) in seen or _rebuilt(script, package.step):
                continue
            if "@" in url.partition("://")[2].rpartition("/")[2] or "$" in url:
                continue
            seen.add(id(package.node))
            yield Report(
                span=script.source.span_of(package.node),
                message=(
                    f"{package.name or 'a package'} comes from the newest commit of the day on which the "
                    "layer is built, and the layer is cached"
                ),
                source=source,
                advice="Name the commit: git+https://…/repository.git@COMMIT.",
            )


def _rebuilt(script: Script, step: ImageStep) -> bool:
    given = step.keyword("force_build")
    return given is not None and is_true(script.evaluate(given, step.scope))
