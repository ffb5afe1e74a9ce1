import subprocess

from common import app


@app.function(gpu="H100:8", timeout=6 * 3600)
def train():
    subprocess.run(["torchrun", "--nproc-per-node=8", "train.py", "--output_dir", "/root/out"], check=True)
