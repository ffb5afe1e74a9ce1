"""TM603: a module that is imported in a container whose image does not have it."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.distributions import Distributions, is_in_every_image
from tminus.check.finding import Severity
from tminus.check.images import image_in_project
from tminus.check.imports import Import, function_imports, module_imports
from tminus.check.local_modules import is_local
from tminus.check.packages import Packages, packages_of
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.script import Script


@rule("TM603", "module-not-in-image", Severity.ERROR)
def module_not_in_image(script: Script, facts: Facts) -> Iterator[Report]:
    """Install what a function imports.

    ## What it does
    Compares the imports that run in a container (those of the module, and those of the function and of what
    it calls in the same file) with the packages of its image and what these bring along.

    ## Why is this bad?
    The container stops with a `ModuleNotFoundError`. An import at the top of the script counts for every
    function of the script: each container imports the whole module.

    ## Example
    ```python
    image = modal.Image.debian_slim().pip_install("transformers")

    @app.function(image=image)
    def train():
        import datasets
    ```

    ## Use instead
    ```python
    image = modal.Image.debian_slim().pip_install("transformers", "datasets")
    ```
    For an import at the top: move it into the function, or write `with image.imports():` around it.

    ## Fix safety
    No fix: which version is wanted is not in the script.

    ## Limit and source
    - `image.only_what_it_installs`

    Only for images that begin with `debian_slim` and whose every step and package is known; an import in
    `try` or under a condition is left out. What brings what was read from the package index's metadata.
    """
    table = Distributions.bundled if script.functions else None
    if table is None:
        return
    at_the_top = module_imports(script)
    seen: set[tuple[int, str]] = set()
    for function in script.functions:
        own = function_imports(script, function)
        imports = [one for one in (*at_the_top, *own) if not is_in_every_image(one.top)]
        image = image_in_project(script, function) if imports else None
        if image is None or not image.known:
            continue
        packages = packages_of(script, image)
        if not packages.whole:
            continue
        installed = _installed(packages, table())
        if installed is None:
            continue
        for one in imports:
            providers = table().providers(one.top)
            key = (one.node.lineno, one.top)
            if key in seen or not providers or providers & installed or is_local(script, one.top):
                continue
            seen.add(key)
            yield Report(
                span=script.source.span_of(one.node),
                message=_message(one, function.name, one in at_the_top),
                source=facts["image.only_what_it_installs"],
                advice=f"Add {' or '.join(sorted(providers)[:2])} to the image's pip_install(...).",
            )


def _installed(packages: Packages, table: Distributions) -> set[str] | None:
    extras = [package.name for package in packages.found if package.extras]
    names = [package.name for package in packages.found]
    return table.installed_with(names, extras)


def _message(one: Import, function: str, at_the_top: bool) -> str:
    if at_the_top:
        return (
            f"{one.top} is imported at the top of the script, which the container of {function}() runs "
            "too; its image does not have it"
        )
    return f"{function}() imports {one.top}, which its image does not have: a ModuleNotFoundError"
