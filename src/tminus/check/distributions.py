"""Which module comes with which distribution, and what a distribution brings along."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from tminus.facts.loader import DATA

# The client and what it needs in the container. Up to image builder 2024.10 these are installed in the image.
_CLIENT = frozenset(
    {
        "modal", "modal_proto", "aiohttp", "cbor2", "certifi", "click", "fastapi", "google", "grpclib",
        "rich",
        "synchronicity", "toml", "typer", "types_certifi", "watchfiles", "typing_extensions", "pip",
        "setuptools",
        "wheel", "pkg_resources", "aiostream", "starlette", "pydantic", "multidict", "yarl", "attr", "idna",
        "h2", "markdown_it", "pygments", "anyio", "sniffio", "frozenlist", "aiosignal", "_distutils_hack",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Distributions:
    """What is known of the packages that scripts install.

    Attributes:
        modules: Distribution to the modules that it holds, where they are not called like it.
        brings: Distribution to its direct dependencies.
        with_extras: Distribution to what any of its extras asks for besides.
    """

    modules: dict[str, list[str]]
    brings: dict[str, list[str]]
    with_extras: dict[str, list[str]]

    @staticmethod
    @cache
    def bundled() -> Distributions:
        """The table that ships with the package."""
        data = json.loads((DATA / "api" / "distributions.json").read_text(encoding="utf-8"))
        return Distributions(data["modules"], data["brings"], data["with_extras"])

    def providers(self, module: str) -> set[str]:
        """Distributions that hold a module; empty for one that the table does not know."""
        found = {name for name, modules in self.modules.items() if module in modules}
        own = module.replace("_", "-").lower()
        if own in self.brings and own not in self.modules:
            found.add(own)
        return found

    def installed_with(self, names: Iterable[str], extras: Iterable[str] = ()) -> set[str] | None:
        """Everything that comes with some distributions; None where one is not in the table.

        Args:
            names: The distributions.
            extras: Those of them of which extras are asked for: any of its extras may be the one.
        """
        pending, found = list(names), set[str]()
        for name in extras:
            pending += self.with_extras.get(name, [])
        for name in pending:
            if name in found:
                continue
            found.add(name)
            needed = self.brings.get(name)
            if needed is None:
                if name in names:
                    return None
                continue
            pending += needed
        return found


def is_in_every_image(module: str) -> bool:
    """Whether a module is Python's own, or the client's."""
    return module in sys.stdlib_module_names or module in _CLIENT
