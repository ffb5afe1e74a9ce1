import os

import modal

GPU = os.environ.get("GPU", "H100")
RUN = os.environ.get("RUN", "first")
RANK = int(os.environ.get("RANK", "0"))
image = modal.Image.debian_slim(python_version="3.12").env({"RUN": RUN})
app = modal.App("train", image=image)
if modal.is_local():
    SETTINGS = open("settings.json").read()
    TOKEN = os.environ["TOKEN"]


@app.function(gpu=GPU, env={"TAG": os.environ.get("TAG", "")})
def train(epochs: int):
    print(RUN, RANK, epochs)


@app.local_entrypoint()
def main():
    train.remote(int(os.environ["EPOCHS"]))
