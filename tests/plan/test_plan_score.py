"""The script that scores the estimates against published runs, on a handful of them."""

import csv
import subprocess
import sys
from pathlib import Path

SCORE = Path(__file__).parents[2] / "bench" / "plan" / "score.py"
REPOSITORY = "https://github.com/foundation-model-stack/fms-acceleration"
FOAK = "FOAK fast kernels (unsloth-derived)"
COMMON = {
    "source_url": f"{REPOSITORY}/blob/main/scripts/benchmarks/refs/a100_80gb_liger.csv",
    "framework": "fms-hf-tuning/TRL SFTTrainer + fms-acceleration",
    "model": "meta-llama/Meta-Llama-3-8B",
    "precision": "bfloat16",
    "gpu": "A100 80GB",
    "n_gpus": "1",
    "parallelism": "",
    "seq_len": "4096",
    "activation_checkpointing": "True",
    "lora_rank": "16",
}


def row(method, micro_batch, kernels, peak_gib="", tokens_per_s="", reserved_mib="", precision="bfloat16"):
    return {
        **COMMON,
        "method": method,
        "micro_batch": micro_batch,
        "fused_kernels": kernels,
        "peak_mem_gib_per_gpu": peak_gib,
        "tokens_per_s_per_gpu": tokens_per_s,
        "note": f"nvidia-smi reserved MiB={reserved_mib}",
        "precision": precision,
    }


ROWS = [
    row("lora", "4", FOAK, "35.059", "3829.365", "50711"),
    row("lora", "4", f"{FOAK}+Liger fused CE", "23.195", "3843.585", "25465"),
    row("qlora", "8", FOAK, "45.293", "4078.315", "75995"),
    row("lora", "32", FOAK),
    row("full", "1", "", tokens_per_s="8532", precision="float8"),
]


def test_prints_errors_by_source(tmp_path):
    path = tmp_path / "runs.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    done = subprocess.run(
        [sys.executable, str(SCORE), str(path), "--rows"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    lora = next(
        line for line in lines if line.startswith("fms-acceleration/a100_80gb_liger.csv | lora | 1 GPU")
    )
    count, _, median, tail = (float(figure) for figure in lora.split("|")[2].split()[2:6])
    assert count == 2
    assert median <= tail < 8
    verdicts = [line.split() for line in lines if line.startswith("  ")]
    assert ["no", "did", "not:", "1"] in verdicts
    assert sum(int(words[-1]) for words in verdicts if words[1] == "completed:") == 3
    assert "1 8-bit arithmetic" in done.stdout
    assert sum("Meta-Llama-3-8B" in line for line in lines) == 4
