import modal

image = modal.Image.from_registry("axolotlai/axolotl:main-20250812-py3.11-cu126-2.7.1").add_local_dir(
    "configs", "/root/configs"
)
app = modal.App("qlora", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="T4", volumes={"/runs": runs}, timeout=4 * 60 * 60, retries=2)
def train():
    import subprocess

    subprocess.run(["accelerate", "launch", "-m", "axolotl.cli.train", "configs/t4.yml"], check=True)
