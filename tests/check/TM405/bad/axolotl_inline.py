import subprocess
from pathlib import Path

import modal

image = modal.Image.from_registry("axolotlai/axolotl:main-20250812-py3.11-cu126-2.7.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)

CONFIG = """
base_model: Qwen/Qwen3-8B
datasets:
  - path: tatsu-lab/alpaca
    type: alpaca
adapter: lora
lora_r: 32
sequence_len: 4096
micro_batch_size: 4
max_steps: 600
save_steps: 1000
auto_resume_from_checkpoints: true
output_dir: /runs/lora
"""


@app.function(gpu="H100", volumes={"/runs": runs}, timeout=6 * 60 * 60, retries=2)
def train():
    Path("/tmp/config.yml").write_text(CONFIG)
    subprocess.run(["axolotl", "train", "/tmp/config.yml"], check=True)
