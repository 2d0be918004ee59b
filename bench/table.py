"""The one table that the bench prints: figure, ceiling in the same run, ratio, goal, met or not."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One promise. `ratio` is what the goal is about; times are CPU of server and database for one request."""

    promise: str
    figure: str
    ceiling: str
    ratio: str
    goal: str
    met: bool


HEADINGS = ("promise", "figure", "ceiling, same run", "ratio", "goal", "met")


def print_table(title: str, lines: list[Line]) -> None:
    cells = [HEADINGS, *((x.promise, x.figure, x.ceiling, x.ratio, x.goal, _word(x.met)) for x in lines)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    out = [title, ""]
    for number, row in enumerate(cells):
        out.append("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
        if not number:
            out.append("| " + " | ".join("-" * width for width in widths) + " |")
    sys.stdout.write("\n".join(out) + "\n\n")
    sys.stdout.flush()


def _word(met: bool) -> str:
    return "yes" if met else "NO"


def say(text: str) -> None:
    """Progress, for whoever watches; the table alone goes to standard output."""
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()
