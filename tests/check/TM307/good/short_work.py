"""Short work that nobody waits for, and long work that another function starts in the cloud."""

import modal

app = modal.App("students")
image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1").add_local_dir(".", "/app")
volume = modal.Volume.from_name("students", create_if_missing=True)


@app.function(image=image, timeout=60)
def tell(text: str) -> None:
    print(text)


@app.function(gpu="L4", image=image, volumes={"/vol": volume}, timeout=14 * 3600, retries=10)
def one_seed(seed: int) -> None:
    import subprocess

    subprocess.run(["python", "/app/seed.py", str(seed)], check=True)


@app.function(image=image, timeout=15 * 3600)
def every_seed() -> None:
    for call in [one_seed.spawn(seed) for seed in range(10)]:
        call.get()


@app.local_entrypoint()
def main() -> None:
    tell.spawn("started")
    every_seed.remote()
