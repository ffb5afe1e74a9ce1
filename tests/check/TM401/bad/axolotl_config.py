import subprocess

import modal

image = modal.Image.from_registry("axolotlai/axolotl:main-20250812-py3.11-cu126-2.7.1").add_local_file(
    "axolotl_config.yml", "/root/axolotl_config.yml"
)
app = modal.App("sft", image=image)
checkpoints = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100:4", volumes={"/checkpoints": checkpoints}, timeout=4 * 60 * 60, retries=2)
def train():
    subprocess.run(["axolotl", "train", "/root/axolotl_config.yml"], check=True)
