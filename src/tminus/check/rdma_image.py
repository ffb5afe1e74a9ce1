"""Whether an image has the libraries that RDMA needs."""

from __future__ import annotations

from tminus.check.images import image_of, strings_of
from tminus.lazy import pattern
from tminus.script import ModalFunction, Script
from tminus.script.image import Image

_LIBRARIES = pattern(
    r"(?i)ibverbs|rdma|mlx5|ofed|infiniband|doca|efa|torch_?comms|\.sh\b|Dockerfile|apt\.txt"
)
# Base images that are known to come without them.
_BARE = pattern(r"^(docker\.io/)?(nvidia/cuda|ubuntu|debian|python)(:|$)")
# Steps that install nothing of the system, whatever they are given.
_PYTHON_STEPS = frozenset(
    {
        "pip_install", "uv_pip_install", "pip_install_from_requirements", "pip_install_from_pyproject",
        "uv_sync", "pip_install_private_repos", "poetry_install_from_file", "env", "workdir", "add_local_dir",
        "add_local_file", "add_local_python_source", "entrypoint", "cmd",
    }
)  # fmt: skip


def lacks_rdma_libraries(script: Script, function: ModalFunction) -> bool:
    """Whether a function's image is known to lack them: every step that could bring them was read."""
    image = image_of(script, function)
    if image is None or not image.complete or not _is_bare(script, image):
        return False
    for step in image.steps:
        if step.method in _PYTHON_STEPS:
            continue
        if step.method not in ("apt_install", "run_commands", "dockerfile_commands"):
            return False
        for argument in step.node.args:
            for text in strings_of(script, argument, step.scope):
                if text is None or _LIBRARIES.search(text[0]):
                    return False
    return True


def _is_bare(script: Script, image: Image) -> bool:
    base = image.base
    if base is None or base.method == "debian_slim":
        return True
    if base.method != "from_registry" or not base.node.args:
        return False
    tags = list(strings_of(script, base.node.args[0], base.scope))
    return bool(tags) and all(tag is not None and _BARE.match(tag[0]) for tag in tags)
