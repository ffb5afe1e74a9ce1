"""The text format: excerpts and fixes on wide and narrow terminals, odd characters, long places."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import unicodedata
from pathlib import Path

import pytest

from tminus.check.batch import check_source
from tminus.check.selection import Selection
from tminus.check.task import Task
from tminus.report.findings_formats import rendered
from tminus.report.findings_outcome import Outcome
from tminus.report.style import Style
from tminus.script import Source

HEAD = 'import modal\n\napp = modal.App("x")\n'


def text(script: str, code: str, columns: int = 200) -> str:
    source = Source(Path("train.py").absolute(), script)
    checked = check_source(source, Task(Selection((code,))))
    outcome = Outcome(checked.findings, checked.places, [source.path], {source.path: source}, Path.cwd())
    return rendered(outcome, "text", Style(False, columns))


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in line)


def test_a_finding_shows_value_address_date_and_what_its_fix_changes() -> None:
    shown = text(HEAD + '@app.function(gpu="H100:10")\ndef train(): ...\n', "TM101")
    assert shown.startswith(
        "TM101 [*] gpu-count-over-limit\n --> train.py:4:19\n"
        '  |\n4 | @app.function(gpu="H100:10")\n  |                   ^^^^^^^^^\n  = error: '
    )
    assert re.search(
        r"  = source: https://modal\.com/docs/guide/gpu, as of \d{4}-\d\d-\d\d "
        r"\(gpu\.H100\.max_per_container = 8 GPUs\)\n",
        shown,
    )
    assert (
        "  = fix: Ask for 8 GPUs (--fix --unsafe-fixes)\n"
        '4 - @app.function(gpu="H100:10")\n4 + @app.function(gpu="H100:8")\n\n'
        "Found 1 error; 1 file checked.\n"
        "[*] 1 to mend with --fix --unsafe-fixes: it changes what the script does."
    ) in shown


def test_a_place_in_several_lines_is_drawn_along_them_and_a_long_one_is_shortened() -> None:
    swapped = '@app.function(gpu="H100:8")\ndef f(): ...\n'
    short = text(HEAD + "@modal.clustered(\n    size=2,\n)\n" + swapped, "TM204")
    assert "4 | / @modal.clustered(\n5 | |     size=2,\n6 | | )\n  | |_^\n" in short
    notes = "".join(f"    # {number}\n" for number in range(20))
    long = text(HEAD + f"@modal.clustered(\n{notes}    size=2,\n)\n" + swapped, "TM204")
    assert " 4 | / @modal.clustered(\n" in long
    assert "   | | ...\n26 | | )\n   | |_^\n" in long
    assert "# 19" not in long


def test_a_swap_of_lines_shows_each_before_and_after() -> None:
    shown = text(HEAD + '@modal.clustered(size=2)\n@app.function(gpu="H100:8")\ndef f(): ...\n', "TM204")
    assert (
        '4 - @modal.clustered(size=2)\n4 + @app.function(gpu="H100:8")\n'
        '5 - @app.function(gpu="H100:8")\n5 + @modal.clustered(size=2)\n'
    ) in shown


def test_lines_that_a_fix_does_not_change_are_left_out_and_later_ones_are_counted_anew() -> None:
    cluster = "@modal.clustered(\n    size=2,\n)\n"
    script = (
        HEAD + cluster + "@app.function(\n    gpu='H100:8',\n    timeout=60,\n    cpu=4,\n)\ndef f(): ...\n"
    )
    shown = text(script, "TM204")
    assert "4 - @modal.clustered(\n" in shown
    assert " 7 - @app.function(\n" in shown
    assert " 9 + @modal.clustered(\n" in shown
    assert ")\n" not in re.findall(r"^ *\d+ [-+] (.*\n)", shown, re.MULTILINE)


def test_carets_stand_below_wide_letters_and_after_tabs() -> None:
    shown = text(HEAD + 'if True:\n\tx = "日本語😀"; f = app.function(gpu="H100:10")(print)\n', "TM101")
    excerpt, carets = shown.splitlines()[3:5]
    before = excerpt[: excerpt.index('"H100:10"')]
    assert width(before) == carets.index("^")
    assert carets.count("^") == len('"H100:10"')


def test_no_character_of_a_script_reaches_the_terminal_that_it_would_obey() -> None:
    shown = text(
        HEAD + 'x = "\x1b[2J\u202e\x9b"; f = app.function(gpu="H100:10\x1b]0;x\x07")(print)\n', "TM1"
    )
    assert "H100:10" in shown
    assert not set(shown) & set("\x1b\x07\x9b\u202e")


@pytest.mark.parametrize("columns", [40, 72, 100])
def test_source_is_cut_to_the_terminal_around_its_place(columns: int) -> None:
    packages = ", ".join(f'"package{number}==1"' for number in range(20))
    image = f"modal.Image.debian_slim().pip_install({packages})"
    script = HEAD + f'@app.function(image={image}, gpu="H100:10", timeout=60)\ndef f(): ...\n'
    lines = text(script, "TM101", columns).splitlines()
    excerpt, carets = lines[3:5]
    assert all(len(line) <= columns for line in lines[: lines.index("")] if ".max_per" not in line)
    assert excerpt[carets.index("^") :].startswith('"H100:10"')
    (old,) = [line for line in lines if line.startswith("4 - ")]
    (new,) = [line for line in lines if line.startswith("4 + ")]
    assert '"H100:10"' in old
    assert '"H100:8"' in new


def test_a_token_is_masked_in_the_lines_of_a_fix() -> None:
    token = "hf_" + "aB3dE5gH7jK9" * 3
    shown = text(HEAD + f'f = app.function(gpu="H100:10", env={{"T": "{token}"}})(print)\n', "TM101")
    assert "4 + " in shown
    assert token not in shown


def test_a_fix_of_many_lines_is_cut_short() -> None:
    notes = "".join(f"    # {number}\n" for number in range(20))
    cluster = f"@modal.clustered(\n{notes}    size=2,\n)\n"
    function = f'@app.function(\n{notes.replace("# ", "# of the function ")}    gpu="H100:8",\n)\n'
    shown = text(HEAD + cluster + function + "def f(): ...\n", "TM204")
    assert re.search(r"\n {3}\.\.\. and \d+ more lines: see --diff\n", shown)


def on_a_terminal(columns: int, **environment: str) -> str:
    """What `tminus check` prints on a terminal of that width."""
    script = 'import modal\napp = modal.App("x")\n@app.function(gpu="H100:10")\ndef f(): ...\n'
    own, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    }
    with subprocess.Popen(
        [sys.executable, "-m", "tminus", "check", "-", "--select", "TM101"],
        stdin=subprocess.PIPE, stdout=other, env=kept | environment,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        process.stdin.write(script.encode())
        process.stdin.close()
        os.close(other)
        printed = b""
        while True:
            try:
                part = os.read(own, 65536)
            except OSError:
                break
            if not part:
                break
            printed += part
    os.close(own)
    return printed.decode().replace("\r\n", "\n")


def test_a_terminal_gets_colours_and_its_width() -> None:
    shown = on_a_terminal(50)
    assert "\x1b[1;31mTM101\x1b[0m [*]" in shown
    assert '\x1b[32m+ @app.function(gpu="H100:8")\x1b[0m' in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert all(len(line) <= 50 for line in plain.partition("\n\n")[0].splitlines())


def test_no_color_holds_on_a_terminal() -> None:
    assert "\x1b" not in on_a_terminal(80, NO_COLOR="1")
