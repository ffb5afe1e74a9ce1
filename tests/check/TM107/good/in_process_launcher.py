import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


GPUS = 8


@app.function(gpu=f"H100:{GPUS}", timeout=3600, volumes={"/data": volume})
def train():
    from torch.distributed.run import parse_args, run

    run(parse_args([f"--nproc-per-node={GPUS}", "train.py", "--output_dir", "/data/run"]))
