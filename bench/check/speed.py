"""How long `tminus check` takes, beside other tools, on one file and on trees of files.

    python bench/check/speed.py --tools DIR/bin --results bench/results

`DIR` is an environment with semgrep, pylint and flake8 (`pip install semgrep pylint flake8`): they do not
share dependencies with this project. ruff is that of the environment that runs this. Every figure is the
median of whole processes that take turns, so that a change of the machine's load meets all of them; the time
of the processors, which the load of others changes little, is given beside the elapsed one. Bytecode
is cached, as it is for an installed program. `tminus check` is measured without its cache of results,
as every other tool is, and with it: the same file or tree again, unchanged.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RULE = Path(__file__).with_name("modal_gpu.yaml")
FILE = ROOT / "examples" / "finetune_llama.py"
GOAL_FILE, GOAL_TREE = 5.0, 5.0
OURS = "tminus check, no cache"


def commands(tools: Path | None, target: Path, tree: bool) -> dict[str, list[str]]:
    """What is run on a target, by name."""
    here = Path(sys.executable).parent
    path = str(target)
    found = {
        "python -c pass": [sys.executable, "-c", "pass"],
        OURS: [str(here / "tminus"), "check", "--no-cache", path],
        "tminus check, cached": [str(here / "tminus"), "check", path],
        "ruff check, no cache": [str(here / "ruff"), "check", "--no-cache", "--isolated", path],
    }
    if tree:
        del found["python -c pass"]
        found[f"{OURS}, 1 process"] = [*found[OURS], "--jobs", "1"]
    if tools is not None:
        found["semgrep, 1 rule"] = [
            str(tools / "semgrep"), "scan", "--config", str(RULE), "--metrics=off", "--disable-version-check",
            "--no-git-ignore", "--quiet", path,
        ]  # fmt: skip
        if not tree:
            found["flake8"] = [str(tools / "flake8"), "--isolated", path]
            found["pylint"] = [str(tools / "pylint"), "--persistent=no", path]
    return found


def measure(found: dict[str, list[str]], runs: int, cache: Path) -> dict[str, dict[str, Any]]:
    """Median, least and most seconds of each command, after one run that does not count."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {
        "PYTHONPYCACHEPREFIX": str(cache / "bytecode"),
        "TMINUS_CACHE_DIR": str(cache / "results"),
        "NO_COLOR": "1",
    }
    if "semgrep, 1 rule" in found:
        # semgrep starts its own programs by name.
        environment["PATH"] = f"{Path(found['semgrep, 1 rule'][0]).parent}:{environment['PATH']}"
    seconds: dict[str, list[float]] = {name: [] for name in found}
    busy: dict[str, list[float]] = {name: [] for name in found}
    codes: dict[str, int] = {}
    for turn in range(runs + 1):
        for name, command in found.items():
            start, before = time.perf_counter(), _busy()
            done = subprocess.run(command, env=environment, capture_output=True, check=False)
            taken = time.perf_counter() - start
            codes[name] = done.returncode
            if done.returncode > 1 and not name.startswith("pylint"):
                sys.exit(f"{name} failed: {done.stderr.decode()[-2000:]}")
            if turn:
                seconds[name].append(taken)
                busy[name].append(_busy() - before)
    return {
        name: {
            "median_s": round(statistics.median(times), 4),
            "cpu_median_s": round(statistics.median(busy[name]), 4),
            "least_s": round(min(times), 4),
            "most_s": round(max(times), 4),
            "runs": len(times),
            "exit_code": codes[name],
        }
        for name, times in seconds.items()
    }


def _busy() -> float:
    """Seconds that the processes which have ended kept the processors busy."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def versions(tools: Path | None) -> dict[str, str]:
    """What was measured."""
    asked = {"ruff": [str(Path(sys.executable).parent / "ruff"), "--version"]}
    if tools is not None:
        asked |= {
            "semgrep": [str(tools / "semgrep"), "--version", "--disable-version-check"],
            "pylint": [str(tools / "pylint"), "--version"],
            "flake8": [str(tools / "flake8"), "--version"],
        }
    said = {
        name: subprocess.run(one, capture_output=True, text=True, check=False) for name, one in asked.items()
    }
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return {
        "tminus": commit.stdout.strip(),
        "python": platform.python_version(),
        **{name: done.stdout.split("\n")[0].strip() for name, done in said.items()},
    }


def machine() -> dict[str, Any]:
    """Where it was measured."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "load_before": os.getloadavg()[0],
    }


def table(title: str, rows: dict[str, dict[str, Any]]) -> list[str]:
    """A table of one target."""
    ours = rows[OURS]
    lines = [
        f"## {title}",
        "",
        "| command | median | least | most | processors | tminus without cache / it | by processors |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in sorted(rows.items(), key=lambda item: item[1]["median_s"]):
        keys = ("median_s", "least_s", "most_s", "cpu_median_s")
        times = " | ".join(f"{row[key] * 1000:,.0f} ms" for key in keys)
        ratios = " | ".join(f"{ours[key] / row[key]:.2f}" for key in ("median_s", "cpu_median_s"))
        lines.append(f"| {name} | {times} | {ratios} |")
    return [*lines, ""]


def verdicts(one: dict[str, dict[str, Any]], trees: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    """Each goal, and whether it is met."""
    said = []
    for name in (OURS, "tminus check, cached"):
        ruff = one["ruff check, no cache"]
        times, busy = (one[name][key] / ruff[key] for key in ("median_s", "cpu_median_s"))
        met = "met" if times <= GOAL_FILE else "missed"
        said.append(
            f"- one file at most {GOAL_FILE:.0f} × ruff without cache: {name} {times:.1f} × "
            f"({busy:.1f} × by processors), {met}"
        )
    for title, rows in trees.items():
        if "semgrep, 1 rule" in rows:
            faster = rows["semgrep, 1 rule"]["median_s"] / rows[OURS]["median_s"]
            met = "met" if faster >= GOAL_TREE else "missed"
            said.append(f"- {title}: at least {GOAL_TREE:.0f} × faster than semgrep: {faster:.1f} ×, {met}")
    return said


def main() -> None:
    """Measure, print the tables, and write them with their JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tools", type=Path, help="the bin folder with semgrep, pylint and flake8")
    parser.add_argument("--runs", type=int, default=11, help="runs on one file; a third of them on trees")
    parser.add_argument("--results", type=Path, help="folder to write to")
    parser.add_argument("--tree", type=Path, action="append", help="folders instead of the usual three")
    options = parser.parse_args()
    import modal

    # A project that hardly any app is in; one whose files all name the client; one that is all apps.
    trees = options.tree or [ROOT / "src", Path(modal.__file__).parent, ROOT / "tests" / "check"]
    document: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(options.tools),
    }
    with tempfile.TemporaryDirectory() as cache:
        print("one file", file=sys.stderr)
        one = measure(commands(options.tools, FILE, tree=False), options.runs, Path(cache))
        many = {}
        for tree in trees:
            print(tree, file=sys.stderr)
            count = sum(1 for _ in tree.rglob("*.py"))
            title = f"{tree.parent.name}/{tree.name}, {count} files"
            many[title] = measure(
                commands(options.tools, tree, tree=True), max(3, options.runs // 3), Path(cache)
            )
    document |= {"one_file": one, "trees": many}
    where = f"{document['machine']['processor']}, {document['machine']['cores']} cores"
    lines = [
        f"# Speed of `tminus check`, {document['date'][:10]}",
        "",
        f"{where}, load {document['machine']['load_before']:.1f} before; "
        + ", ".join(f"{name} {version}" for name, version in document["versions"].items())
        + ". Made by `bench/check/speed.py`.",
        "",
        *verdicts(one, many),
        "",
        *table(f"{FILE.relative_to(ROOT)}, {len(FILE.read_text().splitlines())} lines", one),
        *(line for title, rows in many.items() for line in table(title, rows)),
    ]
    print("\n".join(lines))
    if options.results is not None:
        options.results.mkdir(parents=True, exist_ok=True)
        name = f"check-speed-{document['date'][:10]}"
        (options.results / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        (options.results / f"{name}.md").write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
