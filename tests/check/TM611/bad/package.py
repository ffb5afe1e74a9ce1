import modal

image = (
    modal.Image.debian_slim(python_version="3.12")
    .apt_install("git")
    .pip_install("torch==2.13.0", "trl @ git+https://github.com/huggingface/trl.git")
    .run_commands("pip install git+https://github.com/huggingface/transformers")
)
