"""Commands that scripts start, however they are written, and the processes that their launchers start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tminus.script import EVERY_GPU, Launch, Script, Source, Started

HEAD = (
    "import modal, os, subprocess, shlex, sys, textwrap\nfrom subprocess import run, check_call\n"
    "app = modal.App('a')\nNPROC = 8\nSCRIPT = '/root/train.py'\n"
)


def commands(body: str, before: str = "") -> tuple[Started, ...]:
    """The commands of a script whose one function has this body."""
    inside = "".join(f"    {line}\n" for line in body.splitlines())
    text = f"{HEAD}{before}@app.function(gpu='H100:8')\ndef train(steps: int = 100):\n{inside}"
    return Script.parse(Source(Path("script.py"), text)).commands


def launches(body: str, before: str = "") -> list[Launch]:
    return [launch for one in commands(body, before) for launch in one.launches]


@pytest.mark.parametrize(
    "body",
    [
        "run(['torchrun', '--nproc-per-node=8', 'train.py'], check=True)",
        "run(['torchrun', '--nproc_per_node', '8', 'train.py'])",
        "run(['torchrun', f'--nproc-per-node={NPROC}', 'train.py', '--steps', str(steps)])",
        "run(f'torchrun --standalone --nproc_per_node={NPROC} train.py', shell=True)",
        "run('cd /root && torchrun --nproc-per-node 8 train.py', shell=True)",
        "run(['bash', '-c', 'source env.sh; exec torchrun --nproc-per-node 8 train.py'])",
        "run(['bash', '-lc', f'export A=1 && torchrun --nproc-per-node {NPROC} train.py 2>&1 | tee log'])",
        "run(shlex.split('torchrun --nproc-per-node=8 train.py'))",
        "run('torchrun --nproc-per-node=8 train.py'.split())",
        "cmd = ['torchrun', '--nproc-per-node=8']\ncmd += ['train.py']\nrun(cmd)",
        "cmd = ['torchrun', '--nproc-per-node=8']\ncmd.append('train.py')\ncmd.extend(['-n', '1'])\nrun(cmd)",
        "run(['torchrun', *['--nproc-per-node', '8'], 'train.py'])",
        "run(' '.join(['torchrun', '--nproc-per-node=8', 'train.py']), shell=True)",
        "run(shlex.join(['torchrun', '--nproc-per-node=8', 'train.py']), shell=True)",
        "os.system('CUDA_VISIBLE_DEVICES=0 torchrun --nproc-per-node=8 train.py')",
        "run([sys.executable, '-m', 'torch.distributed.run', '--nproc-per-node=8', 'train.py'])",
        "subprocess.check_call(args=['torchrun', '--nproc-per-node=8', 'train.py'])",
        "process = subprocess.Popen(['torchrun', '--nproc-per-node=8', 'train.py'])\nprocess.wait()",
        "os.execvp('torchrun', ['torchrun', '--nproc-per-node=8', 'train.py'])",
        "os.execlp('torchrun', 'torchrun', '--nproc-per-node=8', 'train.py')",
        "run('nohup timeout 3600 torchrun --nproc-per-node=8 train.py &', shell=True)",
        "run('''set -e\n# 1\necho 1\ntorchrun \\\\\n  --nproc-per-node=8 \\\\\n  train.py\n''', shell=True)",
        "run(textwrap.dedent('''\n    torchrun --nproc-per-node=8 train.py\n'''), shell=True)",
        "run('if true; then torchrun --nproc-per-node=8 train.py; fi', shell=True)",
        "run('uv run torchrun --nproc-per-node=8 train.py', shell=True)",
        "run(['torchrun', '--nproc-per-node=%d' % NPROC, 'train.py'])",
        "run('torchrun --nproc-per-node={} train.py'.format(NPROC), shell=True)",
    ],
)
def test_torchrun_is_found_in_every_way_to_write_it(body: str) -> None:
    (launch,) = launches(body)
    assert (launch.kind, launch.processes, launch.target) == ("torchrun", 8, "train.py")


@pytest.mark.parametrize(
    ("before", "body"),
    [
        ("def sh(command):\n    subprocess.run(command, shell=True, check=True)\n",
         "sh('torchrun --nproc-per-node=8 train.py')"),
        ("def launch(n, script='train.py'):\n    cmd = ['torchrun', f'--nproc-per-node={n}', script]\n"
         "    subprocess.run(cmd, check=True)\n", "launch(NPROC)"),
        ("def command():\n    return ['torchrun', '--nproc-per-node=8', 'train.py']\n", "run(command())"),
        ("class Runner:\n    def sh(self, *, command):\n        run(command, shell=True)\n",
         "Runner().sh(command='torchrun --nproc-per-node=8 train.py')"),
    ],
)  # fmt: skip
def test_a_launch_in_a_helper_stands_where_the_helper_is_called(before: str, body: str) -> None:
    (command,) = commands(body, before)
    (launch,) = command.launches
    assert (launch.kind, launch.processes, launch.target) == ("torchrun", 8, "train.py")
    assert getattr(command.within, "name", "") == "train"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("torchrun train.py", ("torchrun", 1, 1, "train.py")),
        ("torchrun --nproc-per-node=gpu train.py", ("torchrun", EVERY_GPU, 1, "train.py")),
        (
            "torchrun --nnodes=2 --nproc-per-node=8 --master-addr=x -m pack.train",
            ("torchrun", 8, 2, "pack.train"),
        ),
        ("torchrun --nproc-per-node=$N train.py", ("torchrun", None, 1, "train.py")),
        ("accelerate launch train.py", ("accelerate", EVERY_GPU, 1, "train.py")),
        (
            "accelerate launch --num_processes 8 --mixed_precision bf16 train.py",
            ("accelerate", 8, 1, "train.py"),
        ),
        (
            "accelerate launch --multi_gpu --num_processes=16 --num_machines 2 t.py",
            ("accelerate", 8, 2, "t.py"),
        ),
        ("accelerate launch --config_file nowhere.yaml train.py", ("accelerate", None, 1, "train.py")),
        ("deepspeed train.py --deepspeed ds.json", ("deepspeed", EVERY_GPU, 1, "train.py")),
        ("deepspeed --num_gpus=4 train.py", ("deepspeed", 4, 1, "train.py")),
        ("deepspeed --include localhost:0,1 train.py", ("deepspeed", None, 1, "train.py")),
        ("mpirun -np 8 python train.py", ("mpi", 8, 1, "train.py")),
        ("axolotl train config.yml", ("own", EVERY_GPU, 1, "axolotl train")),
        ("FORCE_TORCHRUN=1 llamafactory-cli train sft.yaml", ("own", EVERY_GPU, 1, "llamafactory-cli train")),
    ],
)
def test_process_counts_of_launchers(command: str, expected: tuple[str, int | str | None, int, str]) -> None:
    (launch,) = launches(f"run({command!r}, shell=True)")
    kind, processes, nodes, target = expected
    assert (launch.kind, launch.processes, launch.nodes) == (kind, processes, nodes)
    assert launch.target == target


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("from torch.distributed.run import parse_args, run as elastic\n"
         "elastic(parse_args(['--nproc-per-node', '8', 'train.py']))", ("torchrun", 8)),
        ("import torch.distributed.run as t\n"
         "a = t.parse_args([f'--nproc-per-node={NPROC}', SCRIPT])\nt.run(a)", ("torchrun", 8)),
        ("import torch\nn = torch.cuda.device_count()\ntorch.multiprocessing.spawn(work, nprocs=n)",
         ("spawn", EVERY_GPU)),
        ("import torch.multiprocessing as mp\nmp.spawn(work, nprocs=8)", ("spawn", 8)),
        ("import torch\ntorch.multiprocessing.spawn(work, nprocs=torch.cuda.device_count())",
         ("spawn", EVERY_GPU)),
        ("import accelerate\naccelerate.notebook_launcher(work, (), num_processes=4)", ("notebook", 4)),
        ("from accelerate import notebook_launcher\nnotebook_launcher(work)", ("notebook", EVERY_GPU)),
    ],
)  # fmt: skip
def test_launchers_that_are_called_in_the_process(body: str, expected: tuple[str, int | str | None]) -> None:
    (launch,) = launches(body)
    assert (launch.kind, launch.processes) == expected


@pytest.mark.parametrize(
    "body",
    [
        "run(['python', 'train.py'])",
        "run('nvidia-smi', shell=True)",
        "print('torchrun --nproc-per-node=8 train.py')",
        "run(['echo', 'torchrun --nproc-per-node=8 train.py'])",
        "run(build_command())",
        "run(['accelerate', 'config', 'default'])",
        "runner.run('torchrun train.py')",
    ],
)
def test_what_launches_nothing_is_no_launch(body: str) -> None:
    assert launches(body) == []


def test_several_ways_of_a_command_are_all_read() -> None:
    (command,) = commands("n = 8 if big() else 1\nrun(f'torchrun --nproc-per-node={n} train.py', shell=True)")
    assert {launch.processes for launch in command.launches} == {8, 1}


def test_what_cannot_be_read_of_a_command_leaves_a_gap_and_no_guess() -> None:
    (launch,) = launches("run(['torchrun', *options(), 'train.py'])")
    assert (launch.processes, launch.target) == (None, "train.py")
    (launch,) = launches("run(f'torchrun --nproc-per-node={ask()} {path()}', shell=True)")
    assert launch.processes is None


@pytest.mark.parametrize(
    ("body", "checked", "captured"),
    [
        ("run('x', shell=True)", False, False),
        ("run('x', shell=True, check=True)", True, False),
        ("check_call(['x'])", True, False),
        ("subprocess.check_output(['x'])", True, True),
        ("run(['x'], capture_output=True, check=True)", True, True),
        ("done = run(['x'])\nif done.returncode != 0:\n    raise SystemExit(1)", True, False),
        ("done = run(['x'])\nprint(done.returncode)", False, False),
        ("run(['x']).check_returncode()", True, False),
        ("os.system('x')", False, False),
        ("code = os.system('x')\nassert code == 0", True, False),
        ("p = subprocess.Popen(['x'])\np.wait()", False, False),
        ("p = subprocess.Popen(['x'])\nif p.wait():\n    raise RuntimeError", True, False),
        ("p = subprocess.Popen(['x'], stdout=subprocess.PIPE)\np.communicate()", False, True),
        ("p = subprocess.Popen(['x'], stdout=subprocess.PIPE)\nfor x in p.stdout:\n    print(x)\np.wait()",
         False, False),
        ("run(['x'], **options())", None, False),
    ],
)  # fmt: skip
def test_what_becomes_of_exit_code_and_output(body: str, checked: bool | None, captured: bool) -> None:
    (command,) = commands(body)
    assert (command.outcome.checked, command.outcome.captured) == (checked, captured)


def test_programs_of_a_line_with_their_variables_and_ends() -> None:
    (command,) = commands(
        "run('A=1 B=\"x y\" python a.py --n 2 > log 2>&1 || true; pip list | head', shell=True)"
    )
    (first, *_) = command.programs
    assert first.words == ("python", "a.py", "--n", "2")
    assert (first.variables, first.ignored) == ({"A": "1", "B": "x y"}, True)
    assert [program.name for program in command.programs if program.name in ("pip", "head")] == [
        "pip",
        "head",
    ]
    assert next(program for program in command.programs if program.name == "pip").piped
