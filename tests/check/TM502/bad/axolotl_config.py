import subprocess

import modal

image = modal.Image.from_registry("axolotlai/axolotl:main-20250812-py3.11-cu126-2.7.1").add_local_file(
    "axolotl_config.yml", "/root/config.yml"
)
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100", volumes={"/runs": runs}, timeout=6 * 60 * 60, retries=2)
def train():
    subprocess.run("axolotl train /root/config.yml", shell=True, check=True)
