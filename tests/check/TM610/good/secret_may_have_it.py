import os

import modal

TOKEN = os.environ["API_TOKEN"]
image = modal.Image.debian_slim(python_version="3.12").add_local_file("config.json", "/root/config.json")
app = modal.App("train", image=image, secrets=[modal.Secret.from_name("everything")])
CONFIG = open("config.json").read()


@app.function()
def train():
    print(TOKEN, CONFIG)
