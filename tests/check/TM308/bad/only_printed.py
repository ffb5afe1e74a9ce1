import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)



@app.function(gpu="A10G", volumes={"/runs": runs}, timeout=4 * 3600)
def train():
    result = subprocess.run(["python", "-u", "main.py", "--output_dir", "/runs"])
    if result.returncode != 0:
        print(f"training failed with exit code {result.returncode}")
    runs.commit()
