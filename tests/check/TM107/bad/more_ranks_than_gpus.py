import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


def run(command):
    print(command)
    subprocess.run(command, shell=True, check=True)


@app.function(gpu="L40S:4", timeout=3600, volumes={"/data": volume})
def train():
    run("cd /root && accelerate launch --num_processes 8 train.py --output_dir /data/run")
