import modal

app = modal.App("train")
volume = modal.Volume.from_name("data", create_if_missing=True)
image = modal.Image.debian_slim(python_version="3.12").run("apt-get update")


@app.function(image=image, volumes={"/data": volume})
def train():
    volume.batch_download("/data", "out")


@app.local_entrypoint()
def main():
    train.run_remote()
