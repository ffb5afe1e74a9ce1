import modal

app = modal.App("train")
own = modal.Image.from_registry("pytorch/pytorch:2.9.1-cuda12.8-cudnn9-devel")
listed = modal.Image.debian_slim().pip_install_from_requirements("requirements.txt")
cloned = modal.Image.debian_slim().run_commands("git clone https://github.com/me/x /x && pip install -e /x")
unheard_of = modal.Image.debian_slim().pip_install("a-package-that-the-table-does-not-know==1.0")


def work():
    import torch

    return torch.zeros(1)


@app.function(image=own)
def a():
    return work()


@app.function(image=listed)
def b():
    return work()


@app.function(image=cloned)
def c():
    return work()


@app.function(image=unheard_of)
def d():
    return work()


@app.local_entrypoint()
def main():
    import pandas

    print(pandas.DataFrame([a.remote(), b.remote(), c.remote(), d.remote()]))
