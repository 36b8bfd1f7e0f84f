"""The chart of expiries as numbers for an SVG: where each bar, line and word stands. The template draws it, style sheets colour it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

LINES = 5  # at most so many above the ground line
DIGIT = 7  # how wide one is, at the size of the labels


@dataclass(frozen=True)
class Size:
    """The drawing's width, and the height of its plot, in its own units: pixels, where it is as wide as its card. `unit`: what a bar
    stands for, a week or (the weeks of) a month."""

    width: int
    plot: int
    left: int = 44
    right: int = 4
    top: int = 18
    bottom: int = 24
    unit: str = "week"

    @property
    def ground(self) -> int:
        return self.top + self.plot


WIDE = Size(1060, 198)
MEDIUM = Size(700, 180, unit="month")
NARROW = Size(330, 150, left=34, unit="month")


class Counted(Protocol):
    @property
    def first(self) -> date: ...
    @property
    def last(self) -> date: ...
    @property
    def count(self) -> int: ...
    @property
    def url(self) -> str: ...
    @property
    def title(self) -> str: ...


@dataclass(frozen=True)
class Bar:
    week: Counted
    x: str
    y: str
    width: str
    height: str
    slot: str  # the left edge of the week's share of the width, all of which can be clicked
    middle: str
    label_y: str
    label: str  # the number above it; empty where it would touch another


@dataclass(frozen=True)
class Mark:
    """A word on an axis, and where."""

    at: str
    text: str


@dataclass(frozen=True)
class Chart:
    size: Size
    bars: list[Bar]
    lines: list[Mark]
    months: list[Mark]
    slot_width: str
    name: str

    @property
    def height(self) -> int:
        return self.size.ground + self.size.bottom

    @property
    def right(self) -> int:
        return self.size.width - self.size.right


def draw(weeks: Sequence[Counted], size: Size = WIDE) -> Chart:
    """At least one of `weeks` must have a count."""
    most = max(weeks, key=lambda week: week.count)
    total = sum(week.count for week in weeks)
    step = line_step(most.count)
    high = -(-most.count // step) * step
    slot = (size.width - size.left - size.right) / len(weeks)
    texts = labels([week.count for week in weeks], slot)
    return Chart(
        size=size,
        bars=[bar(week, text, place, slot, high, size) for place, (week, text) in enumerate(zip(weeks, texts, strict=True))],
        lines=[Mark(number(height(value, high, size)), short(value)) for value in range(0, high + 1, step)],
        months=months(weeks, slot, size),
        slot_width=number(slot),
        name=f"{total:,} token{'' if total == 1 else 's'} by {size.unit} of expiry; the most, {most.count:,}, in {most.title}",
    )


def labels(counts: list[int], slot: float) -> list[str]:
    """Each bar's number where it touches nothing: as wide as its own bar, or three of them if there is none on either side."""
    padded = [0, *counts, 0]
    found = []
    for before, count, after in zip(padded, counts, padded[2:], strict=False):
        text = f"{count:,}" if count else ""
        available = slot if before or after else 3 * slot
        found.append(text if len(text) * DIGIT <= available - 4 else "")
    return found


def line_step(most: int) -> int:
    """1, 2 or 5 times a power of ten, so that `LINES` of them reach `most`."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power * LINES >= most:
                return digit * power
        power *= 10


def height(value: int, high: int, size: Size) -> float:
    """The y of a value."""
    return size.ground - value / high * size.plot


def bar(week: Counted, label: str, place: int, slot: float, high: int, size: Size) -> Bar:
    # One token among a million is visible, too.
    top = min(height(week.count, high, size), size.ground - 2) if week.count else size.ground
    left = size.left + place * slot
    return Bar(
        week=week,
        x=number(left + slot * 0.12),
        y=number(top),
        width=number(slot * 0.76),
        height=number(size.ground - top),
        slot=number(left),
        middle=number(left + slot / 2),
        label_y=number(top - 4),
        label=label,
    )


def months(weeks: Sequence[Counted], slot: float, size: Size) -> list[Mark]:
    """The months' names, each under the bar in which it begins; with the year for January and for the first. A name that would touch
    another or the edge is left out."""
    found: list[Mark] = []
    free = 0.0
    for place, week in enumerate(weeks):
        month = week.first if size.unit == "month" else week.last
        if size.unit == "month" or week.first.day == 1 or week.first.month != month.month:
            text = f"{month:%b %Y}" if month.month == 1 or not found else f"{month:%b}"
            at = size.left + place * slot
            end = at + 5 + len(text) * DIGIT
            if free <= at and end <= size.width:
                found.append(Mark(number(at), text))
                free = end
    return found


def short(value: int) -> str:
    """1500 -> "1.5k", 2000000 -> "2M"."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return str(value)


def number(value: float) -> str:
    """A place in the drawing, to a tenth."""
    return f"{value:.1f}"
