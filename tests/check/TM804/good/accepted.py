import modal

app = modal.App("train", include_source=True)
OPTIONS = {"gpu": "H100", "retries": 1}
image = modal.Image.from_registry("nvidia/cuda:12.8.1-devel-ubuntu24.04", add_python="3.12", force_build=False)


@app.function(image=image, nonpreemptible=False, single_use_containers=True, env={"A": "1"}, startup_timeout=600)
def train(cluster_size: int = 1):
    print("training", cluster_size)


@app.function(**OPTIONS)
def other():
    print("other")


@app.local_entrypoint()
def main():
    train.remote(cluster_size=2)
    train.with_options(gpu="H200").remote()
