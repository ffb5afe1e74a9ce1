"""The user's own settings of pip, for uv: indexes, constraints and certificates, whose names differ in uv."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping

# Option of pip to uv's variable for it.
_VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
_COMMA_SEPARATED = "UV_FIND_LINKS"
# pip takes the best version of all indexes, uv that of the first index that has the package.
_AS_PIP = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
# What would lead an installation to the environment, or the account, of whoever runs this.
_NOT_THEIRS = (
    "MODAL_",
    "VIRTUAL_ENV",
    "CONDA_",
    "PYTHON",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_USER",
    "PIP_REQUIRE",
)
_TIMEOUT_S = 30.0


def environment(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables for installing packages: the user's own, with uv's names for what pip is told.

    What the user tells uv itself stands.
    """
    own = {name: value for name, value in given.items() if not name.startswith(_NOT_THEIRS)}
    mapped = {}
    for option, value in _settings_of_pip(own).items():
        variable = _VARIABLES.get(option)
        if variable is not None and value.strip():
            separator = "," if variable == _COMMA_SEPARATED else " "
            mapped[variable] = separator.join(value.split())
    if "UV_INDEX" in mapped:
        mapped |= _AS_PIP
    return {**mapped, **own}


def deciding(variables: Mapping[str, str]) -> dict[str, str]:
    """Those variables that decide which packages an installation takes."""
    matter = (*_VARIABLES.values(), "UV_", "PIP_")
    aside = (
        "UV_CACHE_DIR",
        "UV_HTTP",
        "UV_CONCURRENT",
        "PIP_CACHE_DIR",
        "PIP_DEFAULT_TIMEOUT",
        "PIP_DISABLE",
    )
    return {
        name: value
        for name, value in sorted(variables.items())
        if name.startswith(matter) and not name.startswith(aside)
    }


def _settings_of_pip(variables: Mapping[str, str]) -> dict[str, str]:
    """Options that pip takes from its files and its variables, the later over the earlier."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, env=dict(variables), check=False
        )
    except subprocess.TimeoutExpired:
        return {}
    found: dict[str, dict[str, str]] = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        if section in ("global", "install", ":env:"):
            found.setdefault(section, {})[option] = str(ast.literal_eval(value))
    return {**found.get("global", {}), **found.get("install", {}), **found.get(":env:", {})}
