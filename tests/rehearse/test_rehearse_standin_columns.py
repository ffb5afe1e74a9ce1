from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tminus.rehearse.standins import code_of, shape_from_code
from tminus.script import Script

CASES = [
    (
        'ds.map(lambda row: {"text": row["question"] + row["answer"]})',
        {"question": "string", "answer": "string"},
    ),
    (
        """
def encode(batch, tokenizer):
    return tokenizer(batch["text"], text_target=batch.get("summary"))
ds = ds.map(functools.partial(encode, tokenizer=tok), batched=True, remove_columns=["id"])
""",
        {"text": "string", "summary": "string", "id": "string"},
    ),
    (
        """
def to_text(example):
    return tokenizer.apply_chat_template(example["dialog_turns"], tokenize=False)
trainer = SFTTrainer(model, args=args, train_dataset=ds, formatting_func=to_text)
""",
        {"dialog_turns": "messages"},
    ),
    ('ds.map(lambda r: r["messages"])', {"messages": "messages"}),
    ('DataLoader(ds, collate_fn=lambda batch: [row["body"] for row in batch])', {"body": "string"}),
    ('SFTConfig(dataset_text_field="body")', {"body": "string"}),
    (
        "trl.DPOTrainer(model, train_dataset=ds)",
        {"prompt": "string", "chosen": "string", "rejected": "string"},
    ),
    (
        "KTOTrainer(model, train_dataset=ds)",
        {"prompt": "string", "completion": "string", "label": "bool"},
    ),
    ('ds.filter(lambda r: r["score"] > 3).map(prepare)', {"score": "int64"}),
]


@pytest.mark.parametrize(("code", "columns"), CASES, ids=[code.strip()[:40] for code, _ in CASES])
def test_the_columns_that_code_reads(code: str, columns: dict[str, str]) -> None:
    shape = shape_from_code("acme/rows", ast.parse(code), 64)
    assert shape is not None
    assert shape.columns == columns
    assert shape.splits["train"] == 64


def test_files_that_the_script_names_or_imports_are_read_too(tmp_path: Path) -> None:
    for name, column in (("train", "body"), ("prepare", "title"), ("unrelated", "never"), ("broken", "")):
        (tmp_path / f"{name}.py").write_text(f'ds.map(lambda row: row["{column}"])' if column else "def (")
    script = tmp_path / "app.py"
    script.write_text('import broken\nfrom prepare import rows\nrun(["torchrun", "/root/train.py"])\n')
    shape = shape_from_code("acme/rows", code_of(Script.read(script)), 8)
    assert shape is not None
    assert shape.columns == {"title": "string", "body": "string"}


def test_other_dictionaries_are_not_rows() -> None:
    code = 'settings = json.load(f)\nprint(settings["name"])\nfor run in runs:\n    print(run["id"])'
    assert shape_from_code("acme/rows", ast.parse(code), 64) is None


def test_the_splits_that_code_names() -> None:
    code = """
train = load_dataset("acme/rows", split="train[:90%]")
rest = load_dataset("acme/rows")["validation"].map(lambda r: r["text"])
both = load_dataset("acme/rows", split="train_sft+test_sft")
"""
    shape = shape_from_code("acme/rows", ast.parse(code), 64)
    assert shape is not None
    assert shape.splits == {"train": 64, "validation": 8, "train_sft": 64, "test_sft": 8}
