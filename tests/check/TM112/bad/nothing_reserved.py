import subprocess

import modal

app = modal.App("a")
volume = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100:8", timeout=6 * 3600, retries=3, volumes={"/runs": volume})
def train():
    subprocess.run(["torchrun", "--nproc-per-node=8", "train.py", "--output_dir", "/runs"], check=True)
