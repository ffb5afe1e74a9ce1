import subprocess

import modal

app = modal.App("a")
volume = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="H100:8", timeout=12 * 3600, retries=3, volumes={"/runs": volume})
def speedrun():
    subprocess.run(["python", "data/tokenize_corpus.py", "--out", "/runs/tokens"], check=True)
    subprocess.run(["torchrun", "--standalone", "--nproc-per-node=8", "train_gpt.py"], check=True)
