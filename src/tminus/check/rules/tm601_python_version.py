"""TM601: a Python version that no image builder offers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Known, Script
from tminus.script.image import ImageStep, is_factory

_ARGUMENTS = {
    "debian_slim": "python_version",
    "micromamba": "python_version",
    "from_registry": "add_python",
    "from_dockerfile": "add_python",
    "from_aws_ecr": "add_python",
    "from_gcp_artifact_registry": "add_python",
}
_FORM = pattern(r"^3(?:\.\d{1,2}){1,2}(rc\d*)?t?$")


@rule("TM601", "python-version-not-offered", Severity.ERROR)
def python_version_not_offered(script: Script, facts: Facts) -> Iterator[Report]:
    """Build the image with a Python version that the platform offers.

    ## What it does
    Reads `python_version=` of `Image.debian_slim` and `Image.micromamba`, and `add_python=` of the images
    from a registry or a Dockerfile.

    ## Why is this bad?
    The version is only looked at when the app is loaded: an unsupported one is an `InvalidError` then, and a
    number instead of a string (`3.11`) is a `TypeError` when the script is imported. `add_python` takes no
    third part (`"3.12.4"`).

    ## Example
    ```python
    image = modal.Image.debian_slim(python_version="3.8")
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim(python_version="3.12")
    ```

    ## Fix safety
    No fix: the packages of the image have to support the new version.

    ## Limit and source
    - `image.python_series`
    - `image.python_series_deprecated`

    Older builders offer fewer.

    ## When it was different
    Python 3.8 went with modal 0.66 (2024-11).
    """
    series, deprecated = facts["image.python_series"], facts["image.python_series_deprecated"]
    advice = f"Use one of {', '.join(series.value)}; 3.12 is offered by every builder."
    for node, scope in script.expressions():
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in _ARGUMENTS or not is_factory(script, node):
            continue
        name, argument = _given(ImageStep(node.func.attr, node, scope))
        value = script.evaluate(argument, scope) if argument is not None else None
        if not isinstance(value, Known) or value.value is None:
            continue
        given, span = value.value, value.span
        if isinstance(given, int | float):
            message = f"{name}={given} is a number: the client refuses it when the script is imported"
            yield Report(span, message, series, advice=f'Write it as a string: {name}="{given}".')
        elif not isinstance(given, str):
            continue
        elif not _FORM.match(given):
            message = f'{name}="{given}" is no Python version of the form 3.x'
            yield Report(span, message, series, advice=advice)
        elif name == "add_python" and given.count(".") > 1:
            message = f'add_python="{given}" has three parts; the client takes two and refuses it at load'
            short = ".".join(given.split(".")[:2])
            yield Report(span, message, series, advice=f'Write add_python="{short}".')
        elif _series(given) not in series.value:
            message = (
                f'{name}="{given}": no image builder offers Python {_series(given)}, the app fails when '
                "it is loaded"
            )
            yield Report(span, message, series, advice=advice)
        elif _series(given) in deprecated.value:
            message = (
                f'{name}="{given}" is deprecated: the client warns, the newest builder has no Python '
                f"{_series(given)}, and modal 1.7.0 will not run it"
            )
            yield Report(span, message, deprecated, advice=advice, severity=Severity.WARNING)


def _given(base: ImageStep) -> tuple[str, ast.expr | None]:
    name = _ARGUMENTS[base.method]
    given = base.keyword(name)
    if given is None and base.node.args and base.method in ("debian_slim", "micromamba"):
        given = base.node.args[0]
    return name, given


def _series(version: str) -> str:
    major, minor = re.sub(r"rc\d*", "", version).split(".")[:2]
    free_threaded = version.endswith("t") and not minor.endswith("t")
    return f"{major}.{minor}" + ("t" if free_threaded else "")
