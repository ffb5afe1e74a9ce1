import subprocess

import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


def run(command):
    return subprocess.call(command)


@app.function(gpu="H100:8", timeout=3600, volumes={"/data": volume})
def train():
    if run(["torchrun", "--nproc-per-node=8", "train.py"]) != 0:
        raise RuntimeError("the training failed")
    result = subprocess.run(["torchrun", "--nproc-per-node=8", "train.py"])
    if result.returncode:
        raise RuntimeError("the training failed")
    process = subprocess.Popen(["torchrun", "--nproc-per-node=8", "train.py"], stdout=subprocess.PIPE)
    for line in process.stdout:
        print(line)
    if (code := process.wait()) != 0:
        raise RuntimeError(code)
    subprocess.run("set -o pipefail; torchrun --nproc-per-node=8 train.py | tee log", shell=True, check=True)
    subprocess.run(["nvidia-smi"])
