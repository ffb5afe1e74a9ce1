import modal

image = (
    modal.Image.debian_slim(python_version="3.11").pip_install("torch==2.7.1").uv_pip_install("mamba_ssm")
)
