"""Required arguments that are not given: a port, the number of retries, half of a batching."""

import modal

app = modal.App("served")
image = modal.Image.debian_slim(python_version="3.12")


@app.function(image=image, retries=modal.Retries(initial_delay=5.0, backoff_coefficient=1.0))
@modal.concurrent(target_inputs=8)
def embed(text: str) -> list[float]:
    return [float(len(text))]


@app.function(image=image)
@modal.web_server(startup_timeout=60)
def serve() -> None:
    import subprocess

    subprocess.Popen(["python", "-m", "http.server", "8000"])
