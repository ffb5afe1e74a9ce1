"""The script's text. It is the user's own from then on: TRL, torchrun and Modal, nothing of this tool."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tminus.facts import Facts
from tminus.starter.answers import Answers, Columns, columns_of
from tminus.starter.pieces import (
    CLIENT_RELEASE,
    ENVIRONMENT,
    TRAINING_PINS,
    app_and_volume,
    base_image,
    decorator,
    pinned,
)


def script_text(answers: Answers, name: str, facts: Facts) -> str:
    """The script for some answers.

    Args:
        answers: What it is for.
        name: The name of its file, for the commands in its first lines.
        facts: For the model, the GPU and the data's columns.

    Raises:
        StarterError: The model, the GPU type or the data cannot be used.
    """
    parts = [
        f"{_head(answers, name)}\n{_settings(answers)}",
        _image(answers),
        _function(answers, facts),
        _rank(answers, facts),
        _rows(answers, columns_of(answers, facts)),
        _TAIL,
    ]
    return "\n\n".join(part.strip("\n") + "\n" for part in parts)


def run_name(answers: Answers) -> str:
    """A name for the app and the output's folder: model and data."""
    data = answers.local.stem if answers.local is not None else answers.data.rpartition("/")[2]
    words = f"{answers.model.rpartition('/')[2]}-{data}-{answers.method}"
    return re.sub(r"[^a-z0-9.]+", "-", words.lower()).strip("-")


def _machines(answers: Answers) -> str:
    one = f"{answers.gpus} {answers.gpu} GPU{'s' if answers.gpus > 1 else ''}"
    return one if answers.nodes == 1 else f"{answers.nodes} containers of {one}"


def _head(answers: Answers, name: str) -> str:
    data = answers.data if answers.local is None else answers.local.name
    return f'''"""{answers.method} of {answers.model} on {data}, with {_machines(answers)}.

Every attempt goes on from the newest complete checkpoint on the volume: a preemption, a timeout or a crash
costs the steps since then, and nothing else.

    tminus check {name}
    tminus plan {name}
    tminus rehearse {name} --preempt 1
    modal run --detach {name}
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import modal
'''


def _settings(answers: Answers) -> str:
    data = f"/root/{answers.local.name}" if answers.local is not None else answers.data
    lines = [
        f'MODEL = "{answers.model}"',
        f'DATA = "{data}"',
        f"EPOCHS = {answers.epochs}",
        f"SEQ_LEN = {answers.seq_len}  # tokens; longer rows are cut",
        *([f"NODES = {answers.nodes}"] if answers.nodes > 1 else []),
        f"GPUS = {answers.gpus}" + ("  # of each container" if answers.nodes > 1 else ""),
        f"MICRO_BATCH = {answers.micro_batch}  # sequences of one forward pass on one GPU",
        f"GLOBAL_BATCH = {answers.global_batch}  # sequences of one optimizer step, over all GPUs",
        f"LEARNING_RATE = {'2e-5' if answers.method == 'full' else '2e-4'}",
        f"SAVE_STEPS = {answers.save_steps}  # an interruption costs this many steps at most",
        f'OUTPUT = Path("/data/runs/{run_name(answers)}")',
        'COMPLETE = "complete"  # a checkpoint gets a file of this name once all else of it is written',
    ]
    return "\n".join(lines)


def _image(answers: Answers) -> str:
    packages = dict(TRAINING_PINS)
    if answers.method != "qlora":
        del packages["bitsandbytes"]
    if answers.method == "full":
        del packages["peft"]
    data = ""
    if answers.local is not None:
        data = f'    .add_local_file("{answers.data}", "/root/{answers.local.name}")\n'
    return (
        f"image = (\n{base_image(answers.nodes)}    .pip_install(\n{pinned(packages)}"
        f'        "modal=={CLIENT_RELEASE}",  # the ranks commit the volume\n    )\n'
        "    # In the image's environment, so that it is set before any process imports torch; the model is\n"
        "    # downloaded once, to the volume.\n"
        f"{ENVIRONMENT}{data})\n\n{app_and_volume(run_name(answers))}"
    )


def _function(answers: Answers, facts: Facts) -> str:
    if answers.nodes > 1:
        launch = """    cluster = modal.Cluster.from_context()
    torchrun = [
        *(sys.executable, "-m", "torch.distributed.run"),
        f"--nnodes={NODES}",
        f"--node-rank={cluster.container_rank()}",
        f"--master-addr={cluster.container_ips()[0]}",
        "--master-port=29500",
        f"--nproc-per-node={GPUS}",
    ]
"""
        words = "Start a process for each GPU of this container; the cluster's result is that of rank 0."
    else:
        launch = """    torchrun = [
        *(sys.executable, "-m", "torch.distributed.run"),
        "--standalone",
        f"--nproc-per-node={GPUS}",
    ]
"""
        words = "Start a process for each GPU, and give back what the first of them wrote at the end."
    result = '    return json.loads((OUTPUT / "result.json").read_text())'
    if answers.nodes > 1:
        # A cluster returns what its first container does; the others may not see the file yet.
        result = "    if cluster.container_rank() > 0:\n        return {}\n" + result
    above = decorator(
        answers.gpu,
        answers.gpus,
        answers.nodes,
        gated=answers.shape(facts).gated,
        timeout_s=answers.timeout_s,
    )
    return f'''{above}def train() -> dict:
    """{words}"""
{launch}    subprocess.run([*torchrun, __file__], check=True)  # a failure raises, so that the retries see it
{result}
'''


def _rank(answers: Answers, facts: Facts) -> str:
    bf16 = answers.gpu_type(facts).bf16
    dtype = "torch.bfloat16" if bf16 else "torch.float16"
    world = "GPUS * NODES" if answers.nodes > 1 else "GPUS"
    if answers.method == "full" and not bf16:
        dtype = "torch.float32"  # mixed precision keeps the weights in 32 bits
    imports = ["from accelerate import PartialState"]
    if answers.method != "full":
        imports.append("from peft import LoraConfig")
    quantised = ", BitsAndBytesConfig" if answers.method == "qlora" else ""
    imports.append(
        f"from transformers import AutoModelForCausalLM, AutoTokenizer{quantised}, TrainerCallback"
    )
    imports.append("from trl import SFTConfig, SFTTrainer")
    return "\n".join(
        [
            "def work() -> None:",
            '    """One rank: load the model, train from the newest complete checkpoint, save."""',
            "    import torch",
            *(f"    {line}" for line in imports),
            "",
            *_CALLBACK.strip("\n").splitlines(),
            "",
            *_loading(answers, dtype),
            "    trainer = SFTTrainer(",
            "        model=model,",
            "        processing_class=AutoTokenizer.from_pretrained(MODEL),",
            "        train_dataset=rows(),",
            *_adapter(answers),
            "        args=SFTConfig(",
            "            output_dir=str(OUTPUT),",
            "            num_train_epochs=EPOCHS,",
            "            per_device_train_batch_size=MICRO_BATCH,",
            f"            gradient_accumulation_steps=GLOBAL_BATCH // (MICRO_BATCH * {world}),",
            "            max_length=SEQ_LEN,",
            "            learning_rate=LEARNING_RATE,",
            '            lr_scheduler_type="cosine",',
            f"            {'bf16' if bf16 else 'fp16'}=True,",
            *(() if bf16 else ("            bf16=False,",)),
            "            gradient_checkpointing=True,",
            '            gradient_checkpointing_kwargs={"use_reentrant": False},',
            "            logging_steps=1,",
            '            save_strategy="steps",',
            "            save_steps=SAVE_STEPS,",
            "            save_total_limit=3,",
            '            report_to="none",',
            "        ),",
            "        callbacks=[Publish()],",
            "    )",
            "    result = trainer.train(resume_from_checkpoint=newest_checkpoint())",
            '    trainer.save_model(str(OUTPUT / "final"))',
            "    if PartialState().is_main_process:",
            '        found = {"steps": trainer.state.global_step, "loss": result.training_loss}',
            '        (OUTPUT / "result.json").write_text(json.dumps(found))',
            "        volume.commit()",
        ]
    )


_CALLBACK = '''
    class Publish(TrainerCallback):
        """Marks a checkpoint as complete when all ranks have written their part, and commits it."""

        def on_save(self, args, state, control, **kwargs):
            ranks = PartialState()
            ranks.wait_for_everyone()
            if ranks.is_local_main_process:
                volume.commit()
            ranks.wait_for_everyone()
            if ranks.is_main_process:
                (OUTPUT / f"checkpoint-{state.global_step}" / COMPLETE).touch()
                volume.commit()
'''


def _loading(answers: Answers, dtype: str) -> Iterator[str]:
    yield "    model = AutoModelForCausalLM.from_pretrained("
    yield "        MODEL,"
    yield f"        dtype={dtype},"
    if answers.method == "qlora":
        yield "        quantization_config=BitsAndBytesConfig("
        yield "            load_in_4bit=True,"
        yield '            bnb_4bit_quant_type="nf4",'
        yield "            bnb_4bit_use_double_quant=True,"
        yield f"            bnb_4bit_compute_dtype={dtype},"
        yield "        ),"
        yield '        device_map={"": int(os.environ["LOCAL_RANK"])},  # a copy on each rank\'s GPU'
    yield "    )"


def _adapter(answers: Answers) -> Iterator[str]:
    if answers.method != "full":
        yield "        peft_config=LoraConfig("
        yield '            task_type="CAUSAL_LM",'
        yield "            r=16,"
        yield "            lora_alpha=32,"
        yield "            lora_dropout=0.05,"
        yield '            target_modules="all-linear",'
        yield "        ),"


def _rows(answers: Answers, columns: Columns) -> str:
    loaded = (
        f'load_dataset("{answers.builder}", data_files=DATA, split="train")'
        if answers.local is not None
        else 'load_dataset(DATA, split="train")'
    )
    lines = ["def rows():"]
    if columns.whole is not None:
        words = "Conversations" if columns.messages else "Texts"
        learnt = "the tokenizer's chat template makes texts of them" if columns.messages else "all is learnt"
        lines += [f'    """{words}: {learnt}."""', "    from datasets import load_dataset", ""]
        lines.append(f'    return {loaded}.select_columns(["{columns.whole}"])')
        if columns.messages and columns.whole != "messages":
            lines[-1] += f'.rename_column("{columns.whole}", "messages")'
        return "\n".join([*lines, "", "", *_NEWEST.strip("\n").splitlines()])
    question = f'row["{columns.question}"]'
    if columns.context is not None:
        question = f'"\\n\\n".join(filter(None, [row["{columns.question}"], row["{columns.context}"]]))'
    if answers.chats:
        fields = [
            f'"prompt": [{{"role": "user", "content": {question}}}],',
            f'"completion": [{{"role": "assistant", "content": row["{columns.answer}"]}}],',
        ]
    else:
        fields = [f'"prompt": {question} + "\\n\\n",', f'"completion": row["{columns.answer}"],']
    lines += [
        '    """Prompts and completions; only the completions are learnt."""',
        "    from datasets import load_dataset",
        "",
        "    def prompted(row):",
        "        return {",
        *(f"            {line}" for line in fields),
        "        }",
        "",
        f"    loaded = {loaded}",
        "    return loaded.map(prompted, remove_columns=loaded.column_names)",
    ]
    return "\n".join([*lines, "", "", *_NEWEST.strip("\n").splitlines()])


_NEWEST = '''
def newest_checkpoint() -> str | None:
    """The newest checkpoint that was written to its end; None starts from scratch."""
    complete = [mark.parent for mark in OUTPUT.glob(f"checkpoint-*/{COMPLETE}")]
    newest = max(complete, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
    return None if newest is None else str(newest)
'''

_TAIL = '''
@app.local_entrypoint()
def main():
    """Start the run so that it outlives this terminal, and wait for its result."""
    call = train.spawn()
    print(f"started {call.object_id}")
    print(call.get())


if __name__ == "__main__" and "LOCAL_RANK" in os.environ:
    work()
'''
