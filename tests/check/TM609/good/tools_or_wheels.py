import modal

from_cuda = (
    modal.Image.from_registry("nvidia/cuda:12.8.1-devel-ubuntu24.04", add_python="3.12")
    .pip_install("torch==2.9.1", "ninja", "packaging", "wheel")
    .pip_install("flash-attn==2.8.3", extra_options="--no-build-isolation")
)
WHEEL = (
    "https://github.com/Dao-AILab/flash-attention/releases/download/v2.8.3/"
    "flash_attn-2.8.3+cu12torch2.8cxx11abiTRUE-cp312-cp312-linux_x86_64.whl"
)
wheel = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.8.0").pip_install(WHEEL)
finds_its_wheel = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch==2.8.0", "packaging", "wheel")
    .run_commands("pip install flash-attn==2.8.3 --no-build-isolation")
)
installs_them = (
    modal.Image.debian_slim(python_version="3.12")
    .apt_install("nvidia-cuda-toolkit")
    .pip_install("torch==2.8.0", "flash-attn==2.8.3")
)
