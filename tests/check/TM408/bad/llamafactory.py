import subprocess

import modal

image = modal.Image.from_registry("hiyouga/llamafactory:0.9.3").add_local_file("llamafactory.yaml", "/root/sft.yaml")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100", volumes={"/runs": runs}, timeout=6 * 60 * 60, retries=2)
def train():
    subprocess.run(["llamafactory-cli", "train", "/root/sft.yaml"], check=True)
