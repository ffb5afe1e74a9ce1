"""TM604: a module of the project that is not in the container."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from tminus.check.client_version import pinned_client
from tminus.check.decorators import is_from_the_stub_era
from tminus.check.distributions import is_in_every_image
from tminus.check.finding import Severity
from tminus.check.images import image_in_project
from tminus.check.imports import function_imports, module_imports
from tminus.check.local_modules import is_local, local_path, may_hold
from tminus.check.packages import packages_of
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.looked import look
from tminus.script import Known, ModalFunction, Script
from tminus.script.image import Image

# Public bases that do not hold the user's project.
_PUBLIC = pattern(r"^(docker\.io/)?(nvidia/cuda|nvcr\.io/nvidia|pytorch/pytorch|python:|ubuntu:|debian:)")


@rule("TM604", "local-module-not-added", Severity.ERROR)
def local_module_not_added(script: Script, facts: Facts) -> Iterator[Report]:
    """Add the project's own modules to the image.

    ## What it does
    Finds imports of files and folders of the project (beside the script, or at the project's root) that run
    in a container to which nothing adds them.

    ## Why is this bad?
    Only the file that defines the app is in the container. Any other module of the project is a
    `ModuleNotFoundError` there, while the same import works on the machine that starts the run.

    ## Example
    ```python
    from my_data import load_rows  # my_data.py lies beside the script

    @app.function(image=modal.Image.debian_slim())
    def train(): ...
    ```

    ## Use instead
    ```python
    from my_data import load_rows

    @app.function(image=modal.Image.debian_slim().add_local_python_source("my_data"))
    def train(): ...
    ```

    ## Fix safety
    No fix: the image is often built in another place, and build steps after it would have to come first.

    ## Limit and source
    - `image.local_modules_not_added`
    - `deprecation.automount`

    A script inside a package (with `__init__.py`), one that is run with `-m`, one whose project pins a client
    that sends them along, images with folders whose contents are not in sight, and imports in a function that
    changes `sys.path` are left out. A warning in a script that was written for such a client.
    """
    if _is_in_a_package(script) or _sent_along(script, facts):
        return
    old = is_from_the_stub_era(script)
    at_the_top = module_imports(script)
    seen: set[tuple[int, str]] = set()
    for function in script.functions:
        serialized = function.argument("serialized")
        if serialized is not None:
            continue
        own = () if _finds_its_own(script, function) else function_imports(script, function)
        imports = [*at_the_top, *own]
        imports = [one for one in imports if not is_in_every_image(one.top) and is_local(script, one.top)]
        image = image_in_project(script, function) if imports else None
        if image is None or not image.complete or not _public(script, image):
            continue
        packages = packages_of(script, _without_run_function(image))
        mounted = function.argument("mounts") is not None or (
            function.app is not None and "mounts" in function.app.kwargs
        )
        if not packages.whole or mounted:
            continue
        for one in imports:
            key = (one.node.lineno, one.top)
            installed = packages.get(one.top.replace("_", "-").lower()) is not None
            if key in seen or installed or may_hold(script, image, one.top):
                continue
            seen.add(key)
            # Run as a module of its own folder (`modal run -m folder.script`), the whole folder is added.
            own_folder = local_path(script, one.top) in script.path.resolve().parents
            where = "at the top of the script" if one in at_the_top else f"in {function.name}()"
            yield Report(
                span=script.source.span_of(one.node),
                message=(
                    f"{one.top} is a module of this project, imported {where}, and nothing adds it to the "
                    f"container of {function.name}(): a ModuleNotFoundError there"
                ),
                source=facts["image.local_modules_not_added"],
                advice=f'End the image with .add_local_python_source("{one.top}").',
                severity=Severity.WARNING if own_folder or old else None,
            )


def _finds_its_own(script: Script, function: ModalFunction) -> bool:
    """Whether a function puts folders on the path itself: of a clone, say, or of a volume."""
    if "sys.path" not in script.source.text:
        return False
    nodes = script.reachable(function).nodes
    return any(
        isinstance(node, ast.Attribute) and script.evaluator.dotted_name(node) == "sys.path" for node in nodes
    )


def _sent_along(script: Script, facts: Facts) -> bool:
    """Whether the project pins a client that sends local modules along by itself."""
    version = pinned_client(script)
    automount = next(entry for entry in facts.deprecations if entry.id == "automount")
    return version is not None and not automount.refused_by(version)


def _without_run_function(image: Image) -> Image:
    """The image without the functions that run while it is built: those download, they bring no modules."""
    return replace(image, steps=tuple(step for step in image.steps if step.method != "run_function"))


def _is_in_a_package(script: Script) -> bool:
    package = script.path.parent / "__init__.py"
    look(package)
    beside = package.exists()
    return beside or bool(re.search(r"modal (run|deploy|serve)\b[^\n]* -m ", script.source.text))


def _public(script: Script, image: Image) -> bool:
    if image.base is None or image.base.method in ("debian_slim", "micromamba"):
        return True
    if image.base.method != "from_registry" or not image.base.node.args:
        return False
    tag = script.evaluate(image.base.node.args[0], image.base.scope)
    return isinstance(tag, Known) and isinstance(tag.value, str) and bool(_PUBLIC.match(tag.value))
