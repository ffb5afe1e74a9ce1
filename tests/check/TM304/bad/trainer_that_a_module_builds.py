import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install("torch==2.9.1", "trl==0.24.0")
app = modal.App("sft", image=image)
runs = modal.Volume.from_name("runs", create_if_missing=True)


@app.function(gpu="L40S", volumes={"/runs": runs}, timeout=6 * 3600)
def tune():
    from mine.training import build_sft_trainer, load_model

    trainer = build_sft_trainer(load_model(), "/runs/first")
    trainer.train()
    trainer.save_model("/runs/first")
