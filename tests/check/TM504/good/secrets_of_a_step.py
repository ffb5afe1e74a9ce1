import os

import modal

token = modal.Secret.from_dict({"HF_TOKEN": os.environ["HF_TOKEN"]})
image = (
    modal.Image.debian_slim(python_version="3.12")
    .run_commands("huggingface-cli login --token $HF_TOKEN", secrets=[token])
    .run_commands("echo " + os.environ.get("MODEL_NAME", "small"), secrets=[modal.Secret.from_dict({"HF_TOKEN": os.environ["HF_TOKEN"]})])
    .env({"MODEL_NAME": os.environ.get("MODEL_NAME", "small"), "HOME_OF_USER": os.environ["HOME"]})
)
app = modal.App("layers", image=image)


@app.function(secrets=[token])
def run():
    return 1
