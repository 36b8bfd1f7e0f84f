"""The chart of expiries as numbers for an SVG: where each bar, line and word stands. The template draws it, style sheets colour it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

WIDTH, HEIGHT = 1060, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 4, 18, 24
LINES = 5  # at most so many above the ground line
MOST_FOR_LABELS = 999  # a longer number is wider than its bar


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


@dataclass(frozen=True)
class Mark:
    """A word on an axis, and where."""

    at: str
    text: str


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    lines: list[Mark]
    months: list[Mark]
    slot_width: str
    labels: bool
    name: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    ground: int = HEIGHT - BOTTOM
    plot_height: int = HEIGHT - BOTTOM - TOP


def draw(weeks: Sequence[Counted]) -> Chart:
    """At least one of `weeks` must have a count."""
    most = max(weeks, key=lambda week: week.count)
    total = sum(week.count for week in weeks)
    step = line_step(most.count)
    high = -(-most.count // step) * step
    slot = (WIDTH - LEFT - RIGHT) / len(weeks)
    lines = [Mark(number(height(value, high)), short(value)) for value in range(0, high + 1, step)]
    return Chart(
        bars=[bar(week, LEFT + place * slot, slot, high) for place, week in enumerate(weeks)],
        lines=lines,
        months=months(weeks, slot),
        slot_width=number(slot),
        labels=most.count <= MOST_FOR_LABELS,
        name=f"{total:,} token{'' if total == 1 else 's'} by week of expiry; the most, {most.count:,}, in {most.title}",
    )


def line_step(most: int) -> int:
    """1, 2 or 5 times a power of ten, so that `LINES` of them reach `most`."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if digit * power * LINES >= most:
                return digit * power
        power *= 10


def height(value: int, high: int) -> float:
    """The y of a value."""
    return HEIGHT - BOTTOM - value / high * (HEIGHT - BOTTOM - TOP)


def bar(week: Counted, left: float, slot: float, high: int) -> Bar:
    # One token among a million is seen, too.
    top = min(height(week.count, high), HEIGHT - BOTTOM - 2) if week.count else HEIGHT - BOTTOM
    return Bar(
        week=week,
        x=number(left + slot * 0.12),
        y=number(top),
        width=number(slot * 0.76),
        height=number(HEIGHT - BOTTOM - top),
        slot=number(left),
        middle=number(left + slot / 2),
        label_y=number(top - 4),
    )


def months(weeks: Sequence[Counted], slot: float) -> list[Mark]:
    """Each month's name under the week in which it begins, with the year under January and under the first. None under the last two
    weeks, where it would not fit."""
    found: list[Mark] = []
    for place, week in enumerate(weeks[:-2]):
        if week.first.day == 1 or week.first.month != week.last.month:
            year = f" {week.last.year}" if week.last.month == 1 or not found else ""
            found.append(Mark(number(LEFT + place * slot), f"{week.last:%b}{year}"))
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
