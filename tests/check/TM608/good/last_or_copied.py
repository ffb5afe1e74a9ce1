import modal

last = (
    modal.Image.debian_slim(python_version="3.12")
    .pip_install("torch==2.13.0")
    .add_local_dir("src", "/root/src")
    .add_local_python_source("helpers")
)
copied = modal.Image.debian_slim().add_local_dir("src", "/root/src", copy=True).run_commands("make -C /root/src")
nothing_after = modal.Image.debian_slim().add_local_file("a.txt", "/a.txt").pip_install()
with last.imports():
    import torch

base = modal.Image.debian_slim()
with_files = base.add_local_file("a.txt", "/a.txt")
with_packages = base.pip_install("rich==15.0.0")
