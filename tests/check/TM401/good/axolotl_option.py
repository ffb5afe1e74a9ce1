import subprocess
from pathlib import PurePosixPath

import modal

image = modal.Image.from_registry("axolotlai/axolotl:main-20250812-py3.11-cu126-2.7.1").add_local_file(
    "axolotl_option.yml", "/root/config.yml"
)
app = modal.App("sft", image=image)
checkpoints = modal.Volume.from_name("checkpoints", create_if_missing=True)
OUTPUT = PurePosixPath("/checkpoints") / "lora"


@app.function(gpu="H100:4", volumes={"/checkpoints": checkpoints}, timeout=4 * 60 * 60, retries=2)
def train():
    # The option wins over the file's ./outputs.
    subprocess.run(["axolotl", "train", "/root/config.yml", "--output-dir", OUTPUT.as_posix()], check=True)
