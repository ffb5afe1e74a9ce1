import modal

image = modal.Image.debian_slim(python_version="3.12").uv_pip_install(
    "torch==2.9.1", "transformers==4.57.1", "trl==0.25.1"
)
app = modal.App("a", image=image)


@app.function(gpu=["T4", "L4"])
def maybe():
    from trl import SFTConfig

    return SFTConfig(bf16=True)


@app.function(gpu="T4")
def half():
    from trl import SFTConfig

    return SFTConfig(fp16=True, bf16=False)
