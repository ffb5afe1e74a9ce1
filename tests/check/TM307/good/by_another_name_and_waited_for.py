import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "transformers==4.57.1")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)



@app.function(gpu="B200", volumes={"/runs": runs}, timeout=12 * 3600)
def train():
    subprocess.run(["python", "train.py", "--output_dir", "/runs"], check=True)


@app.local_entrypoint()
def main(gpu: str = "B200"):
    chosen = train if gpu == "B200" else train.with_options(gpu=gpu)
    call = chosen.spawn()
    call.get()
