import modal

image = (
    modal.Image.debian_slim(python_version="3.11")
    .apt_install("git")
    .pip_install("torch==2.7.1")
    .run_commands("pip install --no-build-isolation git+https://github.com/NVIDIA/apex@24.04.01")
)
