import modal

SHA = "3f0e1c2d"
image = (
    modal.Image.debian_slim(python_version="3.12")
    .apt_install("git")
    .run_commands(f"git clone https://github.com/me/trainer.git && cd trainer && git checkout {SHA}")
    .run_commands("git clone --depth 1 --branch v0.9.2 https://github.com/me/evaluation.git /evaluation")
    .run_commands("git clone https://github.com/me/nightly.git", force_build=True)
    .pip_install("git+https://github.com/huggingface/trl.git@v1.16.0", f"git+https://github.com/me/x@{SHA}")
)
