"""What fixes change, as a unified diff, and which fixes were made."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

from tminus.check import Fixed
from tminus.report.paths import shown
from tminus.report.style import Style


def fixes_diff(changed: Sequence[Fixed], style: Style) -> str:
    """The differences that the fixes make, file by file."""
    marks = {"+": style.green, "-": style.red, "@": style.blue}
    written = []
    for one in changed:
        name = shown(one.before.path)
        for line in difflib.unified_diff(one.before.lines, one.after.lines, name, name):
            mark = marks.get(line[:1], str)
            written.append(mark(line.rstrip("\r\n")))
            if not line.endswith(("\n", "\r")):
                written.append("\\ No newline at end of file")
    return "\n".join(written)


def fixes_text(changed: Sequence[Fixed], each: bool) -> str:
    """How many findings were fixed; with `each`, also which, by file and rule."""
    total = sum(len(one.mended) for one in changed)
    lines = [f"Fixed {total} finding{'s' if total != 1 else ''}{':' if each and total else '.'}"]
    if each:
        for one in changed:
            lines.append(f"- {shown(one.before.path)}:")
            titles = Counter(
                (finding.code, finding.fix.title) for finding in one.mended if finding.fix is not None
            )
            lines += [f"    {count} × {code}: {title}" for (code, title), count in titles.items()]
    return "\n".join(lines)
