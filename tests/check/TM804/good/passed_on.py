"""Arguments that are passed on, by position or out of sight, are not left out."""

import modal

RETRIES = {"max_retries": 3, "initial_delay": 5.0}
NAMES = ("weights",)

app = modal.App("served")
image = modal.Image.debian_slim(python_version="3.12")
volume = modal.Volume.from_name(*NAMES, create_if_missing=True)
other = modal.Volume.from_name("other", create_if_missing=True)


@app.function(image=image, retries=modal.Retries(**RETRIES), volumes={"/weights": volume, "/other": other})
@modal.concurrent(max_inputs=8)
def embed(text: str) -> list[float]:
    return [float(len(text))]


@app.function(image=image)
@modal.web_server(8000)
def serve() -> None:
    import subprocess

    subprocess.Popen(["python", "-m", "http.server", "8000"])
