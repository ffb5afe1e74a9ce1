"""Another function of that file is called, which trains nothing."""

import modal

app = modal.App("score")
volume = modal.Volume.from_name("runs", create_if_missing=True)
image = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch", "numpy")
    .add_local_python_source("project_loop")
)


@app.function(gpu="L40S", image=image, volumes={"/runs": volume}, timeout=3600)
def go() -> None:
    from project_loop import score

    print(score("/runs"))
