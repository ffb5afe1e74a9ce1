import subprocess

import modal
import yaml

image = modal.Image.from_registry("axolotlai/axolotl:main-20250812-py3.11-cu126-2.7.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)
STEPS = 400


@app.function(gpu="H100", volumes={"/runs": runs}, timeout=6 * 60 * 60, retries=2)
def train():
    config = {
        "base_model": "Qwen/Qwen3-8B",
        "datasets": [{"path": "tatsu-lab/alpaca", "type": "alpaca"}],
        "adapter": "lora",
        "micro_batch_size": 4,
        "max_steps": STEPS,
        "save_steps": 500,
        "auto_resume_from_checkpoints": True,
        "output_dir": "/runs/lora",
    }
    with open("/root/config.yaml", "w") as file:
        yaml.safe_dump(config, file)
    subprocess.run("accelerate launch -m axolotl.cli.train /root/config.yaml", shell=True, check=True)
