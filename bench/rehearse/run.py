"""How fast the local control plane is: a first line, many containers, calls, commits, large volumes.

    python bench/rehearse/run.py --results bench/results

All in one run, with the real client. What a figure is held against is measured in turns with it, so that a
change of the machine's load meets both; the machine and its load are in the result.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tminus.controlplane import ControlPlane
from tminus.durable import write_json, write_text
from tminus.facts import Facts

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).parent / "scripts"
STARTS = ROOT / "tests" / "controlplane" / "scripts" / "starts.py"
HELLO_GOAL, LARGE_GOAL = 1.3, 1.2
GIB = 1 << 30


@contextmanager
def plane_in(folder: Path) -> Iterator[ControlPlane]:
    """A control plane of its own."""
    with ControlPlane.running(folder, facts=Facts.bundled()) as plane:
        yield plane


def modal_run(plane: ControlPlane, script: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run a script; the figures that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "modal", "run", str(script), *arguments],
        env={**os.environ, **plane.client_environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{script.name} failed:\n{done.stdout}{done.stderr}")
    lines = [
        line.partition("{") for line in done.stdout.splitlines() if line.startswith(("figures ", "seconds "))
    ]
    return [json.loads("{" + rest) for _, _, rest in lines]


def first_line_s(plane: ControlPlane) -> float:
    """Seconds from the start of `modal run` to the first line that the function printed."""
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "modal", "run", str(SCRIPTS / "hello.py")],
        env={**os.environ, **plane.client_environment()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as client:
        assert client.stdout is not None
        for line in client.stdout:
            if "hello from the container" in line:
                seconds = time.monotonic() - began
                client.stdout.read()
                return seconds
    raise SystemExit("hello.py printed nothing")


def import_s(module: str) -> float:
    """Seconds of a whole process that imports a module and does nothing else."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.monotonic() - began


def hello(plane: ControlPlane, rounds: int) -> dict[str, Any]:
    """`modal run` to its first line, against the imports that it cannot do without."""
    taken: dict[str, list[float]] = {"first line": [], "client": [], "entrypoint": []}
    first_line_s(plane)  # fills caches of files
    for _ in range(rounds):
        taken["client"].append(import_s("modal.cli.entry_point"))
        taken["first line"].append(first_line_s(plane))
        taken["entrypoint"].append(import_s("modal._container_entrypoint"))
    each = [
        first / (client + entrypoint)
        for first, client, entrypoint in zip(*(taken[k] for k in taken), strict=True)
    ]
    return {
        "seconds": {name: summary(values) for name, values in taken.items()},
        "ratio": round(statistics.median(each), 2),
        "goal": HELLO_GOAL,
    }


def many(plane: ControlPlane) -> dict[str, Any]:
    """Containers at once, calls a second, a map."""
    up = modal_run(plane, SCRIPTS / "many.py", "--containers", "16,32")
    rest = modal_run(plane, SCRIPTS / "many.py", "--calls", "300", "--inputs", "1000")
    return {
        "containers up, seconds": {str(one["containers"]): round(one["seconds"], 2) for one in up},
        "calls a second": round(rest[0]["calls"] / rest[0]["seconds"], 1),
        "map of 1000 inputs, seconds": round(rest[1]["seconds"], 2),
    }


def commits(plane: ControlPlane, folder: Path, rounds: int) -> dict[str, Any]:
    """A commit of 1 GiB against `cp` of the same size, both flushed to the disk."""
    plane.volumes.create("data", 1, "main")
    (source := folder / "source").write_bytes(os.urandom(1 << 20) * 1024)
    taken: dict[str, list[float]] = {"commit": [], "cp": []}
    for number in range(rounds):
        (figures,) = modal_run(plane, SCRIPTS / "commit.py", "--size", str(GIB), "--times", "1")
        taken["commit"] += figures["seconds"]
        began = time.monotonic()
        copy = folder / f"copy-{number}"
        subprocess.run(["cp", str(source), str(copy)], check=True)
        subprocess.run(["sync", str(copy)], check=True)
        taken["cp"].append(time.monotonic() - began)
        copy.unlink()
    ratio = statistics.median(taken["commit"]) / statistics.median(taken["cp"])
    return {"seconds": {name: summary(values) for name, values in taken.items()}, "ratio": round(ratio, 2)}


def large(plane: ControlPlane, rounds: int) -> dict[str, Any]:
    """A call whose container starts first: with a volume of 5 GiB and 20,000 files, and with an empty one."""
    plane.volumes.create("empty", 1, "main")
    volume = plane.volumes.create("large", 1, "main")
    tree = volume.tree(volume.generation)
    (tree / "0").mkdir()
    (first := tree / "0" / "0").write_text("x")
    for number in range(1, 20_000):
        folder = tree / str(number // 1000)
        folder.mkdir(exist_ok=True)
        os.link(first, folder / str(number))
    with (tree / "weights.bin").open("wb") as file:
        file.truncate(5 * GIB)
    (figures,) = modal_run(plane, STARTS, "--times", str(rounds))
    ratio = statistics.median(figures["large"]) / statistics.median(figures["empty"])
    return {
        "seconds": {name: summary(values) for name, values in figures.items()},
        "ratio": round(ratio, 2),
        "goal": LARGE_GOAL,
    }


def summary(values: list[float]) -> dict[str, Any]:
    """Median, least and most of some seconds."""
    return {
        "median": round(statistics.median(values), 3),
        "least": round(min(values), 3),
        "most": round(max(values), 3),
        "runs": len(values),
    }


def machine() -> dict[str, Any]:
    """What it ran on."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "",
    )
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "modal": version("modal"),
        "commit": commit,
    }


def markdown(document: dict[str, Any]) -> str:
    """The result as a page."""
    host, figures = document["machine"], document["figures"]
    lines = [
        f"# Speed of the local control plane, {document['day']}",
        "",
        f"{host['cpu']}, {host['cores']} cores, load {document['load_before']:.1f} before and "
        f"{document['load_after']:.1f} after; modal {host['modal']}, Python {host['python']}, "
        f"{host['commit']}, {document['isolation']}. Made by `bench/rehearse/run.py`.",
        "",
        "| | measured | held against | ratio | goal |",
        "|---|---:|---:|---:|---:|",
    ]
    first = figures["hello"]["seconds"]
    imports = first["client"]["median"] + first["entrypoint"]["median"]
    rows = [
        ("`modal run` to the first line", first["first line"]["median"], imports, figures["hello"]),
        (
            "a start with 5 GiB and 20,000 files",
            figures["large"]["seconds"]["large"]["median"],
            figures["large"]["seconds"]["empty"]["median"],
            figures["large"],
        ),
        (
            "a commit of 1 GiB, against `cp` and `sync`",
            figures["commit"]["seconds"]["commit"]["median"],
            figures["commit"]["seconds"]["cp"]["median"],
            figures["commit"],
        ),
    ]
    for name, measured, against, one in rows:
        goal = f"{one['goal']} ×" if "goal" in one else ""
        lines.append(f"| {name} | {measured:.2f} s | {against:.2f} s | {one['ratio']:.2f} × | {goal} |")
    many_of = figures["many"]
    lines.append("")
    lines += [
        f"- {count} containers up: {seconds} s"
        for count, seconds in many_of["containers up, seconds"].items()
    ]
    lines.append(f"- calls to a warm container, one after another: {many_of['calls a second']} a second")
    lines.append(f"- `.map` of 1,000 inputs: {many_of['map of 1000 inputs, seconds']} s")
    lines += ["", "Seconds are medians; what a figure is held against ran in turns with it.", ""]
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="of what is measured in turns")
    parser.add_argument("--folder", type=Path, help="where volumes are made: a file system with 12 GiB free")
    parser.add_argument("--results", type=Path, help="folder for the result")
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="tminus-bench-", dir=options.folder) as name:
        folder = Path(name)
        with plane_in(folder / "plane") as plane:
            isolation = plane.isolation.mode.value
            for what, measure in (
                ("hello", lambda: hello(plane, options.rounds)),
                ("many", lambda: many(plane)),
                ("large", lambda: large(plane, options.rounds)),
                ("commit", lambda: commits(plane, folder, min(3, options.rounds))),
            ):
                figures[what] = measure()
                print(what, json.dumps(figures[what]), flush=True)
        shutil.rmtree(folder / "plane", ignore_errors=True)
    day = datetime.now(UTC).date().isoformat()
    document = {
        "day": day,
        "machine": machine(),
        "isolation": isolation,
        "load_before": load_before,
        "load_after": os.getloadavg()[0],
        "figures": figures,
    }
    print(markdown(document))
    if options.results:
        options.results.mkdir(parents=True, exist_ok=True)
        write_json(options.results / f"rehearse-{day}.json", document)
        write_text(options.results / f"rehearse-{day}.md", markdown(document))


if __name__ == "__main__":
    main()
