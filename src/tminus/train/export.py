"""What others load: an adapter merged into its base, with tokenizer and card, and the way to the Hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from tminus.train.checkpoint import publish, stage
from tminus.train.config import TrainConfig
from tminus.train.config_file import read_config
from tminus.train.errors import ConfigError, ResumeError, TrainError
from tminus.train.inputs import CONFIG_FILE
from tminus.train.manifest import MANIFEST_FILE, ManifestError, verify
from tminus.train.model_card import write_card
from tminus.train.record import FINAL_DIRECTORY

MERGED_DIRECTORY = "merged"

Format = Literal["float32", "bfloat16", "float16"]


def open_run(run_dir: Path) -> tuple[TrainConfig, Path]:
    """The configuration of a finished run and the directory of its result, verified.

    Raises:
        ConfigError: The directory is no run's.
        ResumeError: The run is not finished, or its result is damaged.
    """
    path = run_dir / CONFIG_FILE
    if not path.is_file():
        raise ConfigError(
            f"{run_dir} has no {CONFIG_FILE}: it is no run's directory. Give a run's output_dir."
        )
    config = read_config(path, [f"output_dir={run_dir}"]).config
    final = run_dir / FINAL_DIRECTORY
    try:
        verify(final)
    except ManifestError as error:
        raise ResumeError(
            f"{final} is not the complete result of a run ({error}). Start the run again: it goes on, or "
            "writes its result anew."
        ) from error
    return config, final


def merge(run_dir: Path, say: Callable[[str], None], dtype: Format | None = None) -> Path:
    """Merge a run's adapter into its base, and write whole weights, tokenizer and card to `merged`.

    A qlora adapter was trained on weights that had been rounded to 4 bits. It is merged into those, unpacked:
    merged into the weights before rounding, it would meet other weights than it was trained on
    (https://github.com/huggingface/peft/issues/2321).

    Args:
        run_dir: Directory of a finished run.
        say: Takes one line for the user.
        dtype: Number format of the weights; None keeps the base's.

    Returns:
        The directory.

    Raises:
        TrainError: There is no adapter to merge, or see `open_run`.
    """
    from peft import PeftModel
    from transformers import AutoTokenizer

    config, final = open_run(run_dir)
    if config.method == "full":
        raise TrainError(f"{final} holds whole weights already: a full fine-tune has no adapter to merge.")
    say(f"loading {config.model}")
    base = _base(config)
    merged = PeftModel.from_pretrained(base, str(final)).merge_and_unload(safe_merge=True)
    staged = stage(run_dir, MERGED_DIRECTORY)
    if dtype is not None:
        import torch

        merged = merged.to(getattr(torch, dtype))
    merged.save_pretrained(str(staged))
    AutoTokenizer.from_pretrained(str(final)).save_pretrained(str(staged))
    write_card(config, staged, merged=True)
    manifest = verify(final)
    done = publish(
        staged, run_id=config.run_id, step=manifest.step, world_size=1, attempt=manifest.attempt,
        config=config.training_fields(),
    )  # fmt: skip
    say(f"merged: {done.path}")
    return done.path


def push(directory: Path, repository: str, say: Callable[[str], None], *, private: bool = True) -> str:
    """Upload a directory to the Hub, into a repository that is made where it does not exist.

    Args:
        directory: Adapter or whole weights, with card and tokenizer.
        repository: `owner/name`.
        say: Takes one line for the user.
        private: Whether a repository that is made can be seen by its owner only.

    Returns:
        The address of the commit.

    Raises:
        TrainError: The Hub refuses.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    say(f"uploading {directory} to {repository}")
    try:
        api.create_repo(repository, private=private, exist_ok=True)
        done = api.upload_folder(
            repo_id=repository, folder_path=str(directory), ignore_patterns=[MANIFEST_FILE],
            commit_message=f"Upload {directory.name} of a tminus run",
        )  # fmt: skip
    except Exception as error:  # the client raises its own errors, its HTTP library's and the system's
        raise TrainError(
            f"{repository}: the Hub cannot be written ({error}). Give a token that may write there in "
            "HF_TOKEN, or log in with `hf auth login`."
        ) from error
    return str(done.commit_url)


def _base(config: TrainConfig) -> Any:
    from transformers import AutoModelForCausalLM

    if config.method != "qlora":
        return AutoModelForCausalLM.from_pretrained(config.model, dtype="auto")
    import torch

    from tminus.train.model import quantisation

    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    # The format in which the 4-bit weights were computed with.
    dtype = torch.bfloat16 if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else torch.float32
    base = AutoModelForCausalLM.from_pretrained(
        config.model, dtype=dtype, quantization_config=quantisation(dtype), device_map={"": device}
    )
    return base.dequantize()
