"""``tminus check FILE…`` answered from the cache, before the parser of command lines is loaded.

That covers what pre-commit and editors ask most: files that did not change, and in which nothing was found.
"""

from __future__ import annotations

import os
import sys

from tminus.check.cache import Cache, common_folder, possible_folders
from tminus.report.nothing_found import nothing_found

TYPE_CHECKING = False  # `typing` takes longer to load than the answer
if TYPE_CHECKING:
    from collections.abc import Sequence


def answered(arguments: Sequence[str]) -> bool:
    """Print the answer where the cache has it: nothing was found; else say that the check has to run.

    Args:
        arguments: What follows ``tminus check``.
    """
    if not arguments or not all(not one.startswith("-") and os.path.isfile(one) for one in arguments):  # noqa: PTH113
        return False
    start = common_folder(arguments)
    folder = next(filter(os.path.isdir, possible_folders(start)), None)
    if folder is None or len(set(arguments)) < len(arguments):
        return False
    cache = Cache(folder, start)
    if not all(cache.read(one, plain=True) == "[]" for one in arguments):
        return False
    text = nothing_found(len(arguments))
    if sys.stdout.isatty() or os.environ.get("FORCE_COLOR"):
        from tminus.report.style import Style

        text = Style.of(sys.stdout).green(text)
    print(text)
    return True
