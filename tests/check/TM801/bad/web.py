import modal

app = modal.App("train")


@app.function(image=modal.Image.debian_slim().pip_install("fastapi[standard]==0.120.0"))
@modal.web_endpoint(method="POST")
def start(name: str):
    return name
