import modal

image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.13.0", "transformers==5.23.0", "trl==1.16.0")
app = modal.App("fine-tune", image=image)
volume = modal.Volume.from_name("checkpoints", create_if_missing=True)


@app.cls(gpu="H100", timeout=6 * 3600, volumes={"/data": volume})
class Model:
    @modal.method()
    def train(self):
        from trl import SFTConfig, SFTTrainer

        config = SFTConfig(output_dir="/data/run", save_steps=100, save_total_limit=2)
        SFTTrainer("Qwen/Qwen3-8B", args=config, train_dataset=[]).train()

    @modal.method()
    def clean(self):
        print("nothing to do")


@app.local_entrypoint()
def main():
    model = Model()
    call = model.train.spawn()
    model.clean.spawn()
    call.get()
