import subprocess

import modal

HOURS = 3600
app = modal.App("a")
volume = modal.Volume.from_name("runs", create_if_missing=True)


@app.cls(gpu="H100:8", timeout=12 * HOURS, volumes={"/runs": volume})
class Trainer:
    @modal.method()
    def run(self):
        subprocess.run("torchrun --nproc-per-node=8 train.py --output_dir /runs", shell=True, check=True)
