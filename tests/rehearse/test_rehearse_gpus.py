"""The CPU that stands in for a container's GPUs: what a script sees, and what its libraries see."""

from __future__ import annotations

from pathlib import Path

from tminus.rehearse.observed import read_events

SEEN = """
import torch
assert torch.cuda.is_available() and torch.cuda.device_count() == 2
assert "H100" in torch.cuda.get_device_name(0)
assert torch.cuda.get_device_capability() == (9, 0) and torch.cuda.is_bf16_supported()
assert 70e9 < torch.cuda.get_device_properties(0).total_memory == torch.cuda.mem_get_info()[1] < 90e9
device = torch.device("cuda", torch.cuda.current_device())
assert device.type == "cuda"
model = torch.compile(torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Linear(8, 1))).to(device).cuda()
optimizer = torch.optim.AdamW(model.parameters(), fused=True)
scaler = torch.amp.GradScaler("cuda")
rows = torch.randn(4, 8, device="cuda", pin_memory=False)
targets = torch.zeros(4, 1).pin_memory().to("cuda:1", non_blocking=True)
with torch.autocast("cuda", dtype=torch.float16), torch.cuda.stream(torch.cuda.Stream()):
    loss = (model(rows) - targets).square().mean()
scaler.scale(loss).backward()
scaler.step(optimizer)
scaler.update()
begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
begin.record(); torch.cuda.synchronize(); end.record()
assert begin.elapsed_time(end) >= 0 and torch.cuda.max_memory_allocated() == 0
with torch.device("cuda"):
    made = torch.ones(3)
assert {rows.device.type, targets.device.type, made.device.type} == {"cpu"}
torch.save(model.state_dict(), "weights.pt")
torch.load("weights.pt", map_location="cuda:0")
try:
    torch.cuda.set_device(2)
except RuntimeError as error:
    print(error)
"""

PARALLEL = """
import os, torch, torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.nn.parallel import DistributedDataParallel
rank = int(os.environ["LOCAL_RANK"])
torch.cuda.set_device(rank)
dist.init_process_group("nccl", device_id=torch.device("cuda", rank))
total = torch.full((1,), float(rank), device="cuda")
dist.all_reduce(total, op=dist.ReduceOp.AVG)
assert total.item() == 0.5
dist.barrier(device_ids=[rank])
for wrap in (
    lambda one: DistributedDataParallel(one, device_ids=[rank], output_device=rank),
    lambda one: FullyShardedDataParallel(one, device_id=torch.cuda.current_device()),
    lambda one: fully_shard(one, mesh=init_device_mesh("cuda", (2,))),
):
    torch.manual_seed(1)
    model = wrap(torch.nn.Linear(4, 2).cuda())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.ones(3, 4, device="cuda")).sum().backward()
    optimizer.step()
dist.destroy_process_group()
os.write(1, f"rank {rank} done\\n".encode())
"""

LIBRARIES = """
import torch
import accelerate, bitsandbytes, transformers
assert torch.cuda.is_available()
print(accelerate.Accelerator(mixed_precision="bf16").device, transformers.utils.is_torch_cuda_available())
"""


def test_a_script_finds_the_gpus_that_its_container_asked_for(
    tmp_path: Path, run_script, two_gpus: dict[str, str]
) -> None:
    done = run_script(SEEN, **two_gpus)
    assert done.returncode == 0, done.stderr
    assert "invalid device ordinal" in done.stdout
    assert "the container has 2 GPUs" in done.stdout
    events = read_events(tmp_path / "events.jsonl")
    assert {event.values["what"] for event in events if event.kind == "change"} == {
        "torch.cuda",
        "torch.compile",
    }
    (update,) = [event for event in events if event.kind == "update"]
    assert 0 < update.values["loss"] < 100, "the loss before the scaler's factor"


def test_nccl_ddp_and_both_kinds_of_fsdp_run_on_gloo(run_script, two_gpus: dict[str, str]) -> None:
    done = run_script(PARALLEL, command=["-m", "torch.distributed.run", "--nproc-per-node=2"], **two_gpus)
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == ["rank 0 done", "rank 1 done"]


def test_libraries_are_told_that_there_is_no_gpu(run_script, two_gpus: dict[str, str]) -> None:
    done = run_script(LIBRARIES, **two_gpus)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["cpu", "False"]


def test_a_container_without_gpus_has_none(run_script, two_gpus: dict[str, str]) -> None:
    code = "import torch; print(torch.cuda.is_available(), torch.cuda.device_count())"
    done = run_script(code, **{**two_gpus, "TMINUS_CONTAINER_GPUS": ""})
    assert done.stdout.split() == ["False", "0"]
