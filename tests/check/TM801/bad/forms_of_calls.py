import modal

app = modal.App("train")
token = modal.Secret({"HF_TOKEN": "x"})
results = modal.Dict.from_name("results", {"best": 0})
scorer = modal.Function.from_name("serve", "Model.score")
image = modal.Image.debian_slim(python_version="3.12").pip_install("-U", "torch==2.9.1")
volume = modal.Volume.from_name("data", create_if_missing=True)


@app.function
def prepare():
    return volume.listdir("/raw/*.jsonl")


@app.function(image=image, retries=3)
def stream():
    yield 1


@app.function()
@modal.asgi_app()
def web(path="/"):
    return path


@app.function(image=image, gpu="H100", timeout=3600, volumes={"/data": volume})
def evaluate(step: int):
    return step


@app.local_entrypoint()
def main():
    print(evaluate(3))
