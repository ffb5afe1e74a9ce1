"""TM609: a package that is compiled with CUDA, on an image without the CUDA tools."""

from __future__ import annotations

from collections.abc import Iterator

from tminus.check.finding import Severity
from tminus.check.images import strings_of
from tminus.check.packages import COMMANDS, Package, command_strings, packages_of
from tminus.check.rule import Report, rule
from tminus.facts import Facts
from tminus.lazy import pattern
from tminus.script import Script
from tminus.script.image import Image, all_images

# Packages without wheels on the index: installing them runs nvcc, unless their set-up finds a wheel
# elsewhere.
_COMPILED = frozenset(
    {
        "flash-attn", "apex", "mamba-ssm", "causal-conv1d", "grouped-gemm", "pytorch3d", "tiny-cuda-nn",
        "tinycudann",
        "diff-gaussian-rasterization", "detectron2", "nvdiffrast", "gptqmodel", "exllamav2", "flash-attn-3",
        "transformer-engine-torch", "fused-ssim", "simple-knn",
    }
)  # fmt: skip
# Of these, set-up downloads a wheel that fits the installed torch, if torch is there and visible to it.
_WHEELS_ELSEWHERE = frozenset({"flash-attn", "mamba-ssm", "causal-conv1d"})
_TOOLS = pattern(r"nvidia-cuda-toolkit|cuda-toolkit|cuda-nvcc|nvcc|cudatoolkit|cuda_\d+.*\.run")


@rule("TM609", "package-needs-cuda-tools", Severity.WARNING)
def package_needs_cuda_tools(script: Script, facts: Facts) -> Iterator[Report]:
    """Build CUDA extensions on an image that has the CUDA toolkit.

    ## What it does
    Finds packages that are compiled with `nvcc` (flash-attn, apex, mamba-ssm, …) on `Image.debian_slim`.

    ## Why is this bad?
    `debian_slim` has the GPU driver at run time but no CUDA toolkit: there is no `nvcc`, so the build fails,
    often after many minutes. flash-attn, mamba-ssm and causal-conv1d look for a finished wheel first, which
    only works if torch was installed by an earlier step and the build is not isolated.

    ## Example
    ```python
    image = modal.Image.debian_slim(python_version="3.12").pip_install("torch==2.9.1", "flash-attn==2.8.3")
    ```

    ## Use instead
    ```python
    image = (
        modal.Image.from_registry("nvidia/cuda:12.8.1-devel-ubuntu24.04", add_python="3.12")
        .pip_install("torch==2.9.1", "packaging", "ninja", "wheel")
        .pip_install("flash-attn==2.8.3", extra_options="--no-build-isolation")
    )
    ```
    or the address of a wheel that fits Python, torch and CUDA.

    ## Fix safety
    No fix: another base image changes what else is in it.

    ## Limit and source
    - `image.debian_slim_has_nvcc`
    """
    seen: set[int] = set()
    for image in all_images(script):
        if image.base is None or image.base.method != "debian_slim" or _has_tools(script, image):
            continue
        packages = packages_of(script, image)
        for package in packages.found:
            if package.name not in _COMPILED or _is_a_wheel(package) or id(package.node) in seen:
                continue
            if package.name in _WHEELS_ELSEWHERE and _finds_its_wheel(script, package, packages.found):
                continue
            seen.add(id(package.node))
            how = "is compiled with nvcc"
            if package.name in _WHEELS_ELSEWHERE:
                how = (
                    "is compiled with nvcc unless torch was installed in an earlier step and the build is "
                    "not isolated (--no-build-isolation)"
                )
            yield Report(
                span=script.source.span_of(package.node),
                message=(
                    f"{package.name} {how}; debian_slim has no CUDA toolkit, so this step is likely to fail"
                ),
                source=facts["image.debian_slim_has_nvcc"],
                advice=(
                    'Begin with modal.Image.from_registry("nvidia/cuda:…-devel-…", add_python="3.12"), or '
                    "install a finished wheel by its address."
                ),
            )


def _is_a_wheel(package: Package) -> bool:
    return ".whl" in (package.url or "") or package.step.keyword("find_links") is not None


def _finds_its_wheel(script: Script, package: Package, found: tuple[Package, ...]) -> bool:
    torch_before = any(one.name == "torch" and one.index < package.index for one in found)
    same_command = any(one.name == "torch" and one.index == package.index for one in found)
    return (torch_before or not same_command) and _not_isolated(script, package)


def _not_isolated(script: Script, package: Package) -> bool:
    step = package.step
    if step.method in COMMANDS:
        return any(text is None or "no-build-isolation" in text[0] for text in command_strings(script, step))
    for keyword in step.node.keywords:
        if keyword.arg is None:
            return True
        if keyword.arg == "extra_options":
            texts = list(strings_of(script, keyword.value, step.scope))
            return any(text is None or "no-build-isolation" in text[0] for text in texts)
    return False


def _has_tools(script: Script, image: Image) -> bool:
    if not image.complete:
        return True
    for step in image.steps:
        if step.method in ("from_dockerfile", "run_function", "pip_install_private_repos"):
            return True
        for argument in step.node.args:
            for text in strings_of(script, argument, step.scope):
                if step.method in (*COMMANDS, "apt_install", "micromamba_install", "pip_install", "env") and (
                    text is None or _TOOLS.search(text[0])
                ):
                    return step.method != "pip_install" or text is not None
    return False
