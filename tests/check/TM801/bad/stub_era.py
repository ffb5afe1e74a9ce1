import modal

stub = modal.Stub("train")
image = (
    modal.Image.debian_slim(python_version="3.11")
    .pip_install("torch==2.2.0")
    .copy_local_file("config.yaml", "/root/config.yaml")
)
volume = modal.Volume.persisted("checkpoints")


@stub.function(image=image, volumes={"/data": volume}, gpu="A100", timeout=3600)
def train():
    volume.commit()


@stub.local_entrypoint()
def main():
    train.call()
