import subprocess

import modal

ROWS, MICRO_BATCH, ACCUMULATION = 52_000, 4, 4
# The file trains two epochs.
TOTAL_STEPS = ROWS // (MICRO_BATCH * ACCUMULATION)

image = modal.Image.from_registry("axolotlai/axolotl:main-20250812-py3.11-cu126-2.7.1").add_local_file(
    "epochs_in_yaml.yml", "/root/config.yml"
)
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100", volumes={"/runs": runs}, timeout=6 * 60 * 60, retries=2)
def train():
    save_steps = TOTAL_STEPS // 20
    subprocess.run(f"axolotl train /root/config.yml --save-steps {save_steps}", shell=True, check=True)
