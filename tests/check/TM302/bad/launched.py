import subprocess

import modal

app = modal.App("a")
volume = modal.Volume.from_name("runs", create_if_missing=True)


def _launch(*words: str) -> None:
    subprocess.run(["accelerate", "launch", *words], check=True)


@app.function(gpu="H100:8", volumes={"/runs": volume})
def train():
    _launch("--num_processes", "8", "train.py", "--output_dir", "/runs/a")
