import subprocess

import modal

app = modal.App("example")


def sh(words):
    subprocess.run(words, check=True)


@app.function(gpu="H100:8", timeout=6 * 3600)
def train():
    sh(["python", "-m", "nanochat.dataset", "-n", "170"])
    sh(["python", "-m", "scripts.tok_train", "--vocab-size=32768"])
    sh(["torchrun", "--standalone", "--nproc_per_node=8", "-m", "scripts.base_train"])
