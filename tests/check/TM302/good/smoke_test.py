import subprocess

import modal

app = modal.App("a")


# Three steps are over in the five minutes that it has by default.
@app.function(gpu="H100:8")
def smoke_test():
    subprocess.run("torchrun --nproc-per-node=8 train.py --max_steps 3", shell=True, check=True)


@app.function(gpu="L40S:2")
def serve():
    subprocess.Popen("vllm serve Qwen/Qwen3-8B --tensor-parallel-size 2", shell=True)


@app.function(gpu="L4")
def evaluate():
    subprocess.run(["python", "evaluate.py"], check=True)
