import modal

from common import image, tools

image = image.pip_install("rich==15.0.0").add_local_dir("src", "/root/src")
slim = modal.Image.debian_slim(python_version="3.12")
slim = slim.workdir("/workspace").add_local_dir(".", "/workspace")
slim = slim.add_local_python_source("helpers")
for name in ("a", "b"):
    tools = tools.run_commands(f"make {name}").add_local_file(name, f"/root/{name}", copy=True)
