import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "lightning==2.6.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.function(gpu="H100", timeout=30, retries=modal.Retries(max_retries=10, initial_delay=0.0), volumes={"/data": volume})
def train():
    import lightning

    trainer = lightning.Trainer(max_epochs=10, default_root_dir="/data")
    trainer.fit(model(), ckpt_path="/data/last.ckpt" if done() else None)


def model(): ...


def done(): ...
