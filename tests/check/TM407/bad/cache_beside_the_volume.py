import modal

image = (
    modal.Image.debian_slim(python_version="3.12").pip_install("trl==1.16.0").env({"HF_HOME": "/cache/huggingface"})
)
runs = modal.Volume.from_name("runs", create_if_missing=True)
app = modal.App("train", image=image)


@app.function(gpu="H100:8", volumes={"/data": runs}, timeout=3600)
def train():
    from trl import SFTTrainer

    SFTTrainer(model="Qwen/Qwen2.5-7B").train()
