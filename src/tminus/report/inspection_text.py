"""An inspection of training data for a terminal, with one sequence and what of it is learned."""

from __future__ import annotations

from typing import TextIO

from tminus.report.style import Style
from tminus.train.inspection import Inspection, Piece, Spread


def print_inspection(found: Inspection, stream: TextIO) -> None:
    """Print an inspection. Without colour, what is learned stands between ⟦ and ⟧."""
    style = Style.of(stream)
    for line in found.report.lines():
        print(line, file=stream)
    print(f"tokens of a row:  {_spread(found.lengths)}", file=stream)
    print(f"learned of them:  {_spread(found.learned)}", file=stream)
    print(
        f"ends of turns:    learned in {found.ended:,} of {found.not_cut:,} rows that are not cut",
        file=stream,
    )
    print(f"padding:          {found.pad}", file=stream)
    print(f"duplicates:       {found.duplicates:,}", file=stream)
    print(f"sequences:        {found.sequences:,}, {found.filled:.0%} of seq_len filled", file=stream)
    print(f"memory:           {found.memory}", file=stream)
    print(f"\n{style.bold('The first sequence')} ({_legend(style)}):", file=stream)
    print(_shown(found.shown, style), file=stream)
    for title, lines in (("Problems", found.problems), ("To think about", found.advice)):
        if lines:
            print(f"\n{style.bold(title)}:", file=stream)
            for line in lines:
                print(f"- {style.red(line) if title == 'Problems' else line}", file=stream)


def _spread(spread: Spread) -> str:
    return (
        f"{spread.least:,} to {spread.most:,}, median {spread.median:,}, p95 {spread.p95:,}, "
        f"p99 {spread.p99:,}, mean {spread.mean:,.1f}"
    )


def _legend(style: Style) -> str:
    return f"{style.green('learned')}, {style.dim('given')}" if style.colour else "learned between ⟦ and ⟧"


def _shown(pieces: tuple[Piece, ...], style: Style) -> str:
    parts, row = [], 0
    for piece in pieces:
        if piece.row != row:
            row = piece.row
            parts.append(f"\n{style.bold(f'--- row {row + 1} of the sequence ---')}\n")
        if style.colour:
            parts.append(style.green(piece.text) if piece.learned else style.dim(piece.text))
        else:
            parts.append(f"⟦{piece.text}⟧" if piece.learned else piece.text)
    return "".join(parts)
