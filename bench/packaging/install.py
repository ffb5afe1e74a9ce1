"""What installing the core takes: seconds against its dependencies alone, bytes by package.

    python bench/packaging/install.py

Builds the wheel, then installs it into fresh environments with pip, in turns with its dependencies alone,
whose wheels are in pip's cache after the first turn. Writes bench/results/packaging-install-DATE.{json,md}.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
TURNS = 3


def main() -> None:
    """Measure, print and write."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "dependencies"
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
        [wheel] = folder.glob("*.whl")
        seconds: dict[str, list[float]] = {"tminus": [], "dependencies": []}
        for turn in range(TURNS + 1):
            for what, asked in (("dependencies", dependencies), ("tminus", [str(wheel)])):
                environment = folder / f"{what}-{turn}"
                run(sys.executable, "-m", "venv", str(environment))
                before = time.perf_counter()
                run(str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", *asked)
                if turn:  # the first fills pip's cache
                    seconds[what].append(time.perf_counter() - before)
        packages = sizes(folder / "tminus-1")
        found = {
            "date": date.today().isoformat(),
            "python": platform.python_version(),
            "wheel_bytes": wheel.stat().st_size,
            "installed_bytes": packages,
            "seconds_median": {what: statistics.median(taken) for what, taken in seconds.items()},
            "ratio": statistics.median(seconds["tminus"]) / statistics.median(seconds["dependencies"]),
        }
    write(found)


def run(*command: str, cwd: Path | None = None) -> None:
    """Run a command that has to succeed."""
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)


def sizes(environment: Path) -> dict[str, int]:
    """Bytes of each installed package, bytecode included, pip left out; the largest first."""
    [packages] = environment.glob("lib/python*/site-packages")
    found = {
        one.name: sum(path.stat().st_size for path in one.rglob("*") if path.is_file())
        for one in packages.iterdir()
        if one.is_dir()
        and not one.name.startswith(("pip", "setuptools", "_distutils"))
        and ".dist-info" not in one.name
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def write(found: dict) -> None:
    """The result as JSON and as a table."""
    stem = ROOT / "bench" / "results" / f"packaging-install-{found['date']}"
    stem.with_suffix(".json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    rows = "\n".join(f"| {name} | {size / 1e6:.2f} MB |" for name, size in found["installed_bytes"].items())
    total = sum(found["installed_bytes"].values()) / 1e6
    text = (
        f"# Installing the core, {found['date']}\n\n"
        f"Python {found['python']}; made by `bench/packaging/install.py`.\n\n"
        f"- the wheel: {found['wheel_bytes'] / 1e6:.2f} MB; installed, with what it needs: {total:.1f} MB\n"
        f"- `pip install` of it, with pip's cache: {found['ratio']:.2f} × that of its dependencies alone, "
        f"medians of {TURNS}\n\n| package, bytecode included | size |\n|---|---:|\n{rows}\n"
    )
    stem.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
