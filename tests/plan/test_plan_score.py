"""The script that scores the estimates against published runs, on all of them and on a handful."""

import csv
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tminus.estimate import BatchSplit, Hardware, TrainingJob, memory, step_time
from tminus.facts import Facts

BENCH = Path(__file__).parents[2] / "bench" / "plan"
FACTS = Facts.bundled()


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What the script prints for all published runs, with the bundled constants."""
    done = subprocess.run(
        [sys.executable, str(BENCH / "score.py"), "--bundled", "--rows"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_every_source_is_near_enough(printed):
    """In sample; what left-out sources come to is in bench/results."""
    row = next(line for line in printed if line.startswith("| all rows |"))
    goals = [(8.0, 20.0), (8.0, 20.0), (20.0, 40.0)]
    for cell, (median, tail) in zip(row.split("|")[2:5], goals, strict=True):
        errors = cell.split(";")[2].split(",")
        assert float(errors[0]) <= median
        assert float(errors[1]) <= tail


def test_nothing_is_promised_or_denied_against_a_published_run(printed):
    verdicts = next(line for line in printed if line.startswith("Said to fit"))
    assert verdicts.startswith("Said to fit, and did not run: 0. Said not to fit, and ran: 0.")


def test_rows_that_are_not_compared_are_counted_with_the_reason(printed):
    said = next(line for line in printed if "rows compared. Not compared:" in line)
    compared = int(said.split()[0])
    others = [
        int(part.split()[0]) for part in said.partition("compared: ")[2].split(", ") if part[0].isdigit()
    ]
    with (BENCH / "measured.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert compared + sum(others) == len(rows) == 752
    assert all(row["source"].startswith("https://") for row in rows)


def test_results_are_written_where_asked(tmp_path, monkeypatch):
    few = tmp_path / "few.csv"
    with (BENCH / "measured.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == "ibm/PowerLM-3b"]
    with few.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    monkeypatch.syspath_prepend(str(BENCH))
    spec = importlib.util.spec_from_file_location("score", BENCH / "score.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "score", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["score.py", str(few), "--bundled", "--write", "scored"])
    module.main()
    result = json.loads((tmp_path / "scored.json").read_text())
    assert result["rows"] == 28
    assert "| all rows |" in (tmp_path / "scored.md").read_text()


def test_the_scaling_loss_of_modals_example_is_predicted():
    """Full fine-tune of Llama-2-7B, 2 to 8 containers of 8: 6,408, 5,534 and 4,260 tokens a second and GPU.

    Its first rank prepares every rank's rows; that is what grows with the number of containers.
    Source: https://github.com/modal-labs/multinode-training-guide/blob/main/starcoder/README.md
    """
    job = TrainingJob(
        model=FACTS.model("meta-llama/Llama-2-7b-hf"),
        method="full",
        seq_len=4096,
        rows=1_000_000,
        global_batch=1024,
        packing=True,
        streaming=True,
    )
    speeds = []
    for nodes in (2, 4, 8):
        split = BatchSplit(16, 1024 // (16 * 8 * nodes), 8 * nodes)
        hardware = Hardware(FACTS.gpu("H200"), 8, nodes, rdma=True)
        step = step_time(job, hardware, split, FACTS, "fsdp")
        speeds.append(step.tokens_per_second / (8 * nodes))
        assert memory(job, split, "fsdp").fit(hardware.gpu.usable_gib) == "yes"
    assert speeds == [pytest.approx(measured, rel=0.08) for measured in (6408, 5534, 4260)]
    assert speeds[2] / speeds[0] == pytest.approx(4260 / 6408, rel=0.03)
