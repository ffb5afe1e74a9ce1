import modal

app = modal.App("unpacked")
image = modal.Image.debian_slim(python_version="3.12")
shared = {
    "image": image,
    'container_idle_timeout': 300,
    "timeout": 600,
}
more = dict(gpu="T4", retries=1)


@app.function(**shared)
def one():
    return 1


@app.function(**shared, **more)
def two():
    return 2
