from modal import Image

image = Image.micromamba(python_version="3.10").apt_install("git")
