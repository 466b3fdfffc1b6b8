"""Charts as inline SVG of at most 720 px: grouped bars, histograms, differences, curves.

Shares come in as fractions and are shown in percent. Colours are told apart with any colour vision (Okabe and
Ito) and differ in lightness; bars also carry a letter, curves a dash.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 720
TOPS = {0.1: 5, 0.2: 4, 0.3: 6, 0.4: 4, 0.5: 5, 0.6: 6, 0.8: 4, 1.0: 5}
"""Ends of the axis of shares, and into how many steps each is divided."""
STYLE = """
svg text { font-family: inherit; font-size: 11px; fill: #1b1b1b; }
svg .small { font-size: 10px; }
svg .muted { fill: #555; }
svg .bold { font-weight: 600; }
.legend { break-after: avoid; font-size: .875rem; margin: .5rem 0; padding: 0; }
.legend.inline { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; }
.legend li { list-style: none; display: flex; align-items: center; gap: .4rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 22rem)); gap: 1rem; }
"""


@dataclass(frozen=True)
class Look:
    """How one system is drawn everywhere: letter under its bars, fill, dash of its curves."""

    letter: str
    fill: str
    dash: str = ""


@dataclass(frozen=True)
class Bar:
    """A share with its interval, if it has one."""

    look: Look
    value: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Group:
    """Bars side by side over a name and a remark; ``chance`` is drawn as a dashed line across them."""

    name: str
    bars: tuple[Bar, ...]
    remark: str = ""
    chance: float | None = None


@dataclass(frozen=True)
class Difference:
    """A difference with its interval, as fractions, and the words beside it."""

    name: str
    value: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class Curve:
    """Points (x, y) of one system in the order of x; y is positive, or on an axis of shares in [0, 1]."""

    look: Look
    points: tuple[tuple[float, float], ...]


def legend(entries: Sequence[tuple[Look, str]], *, inline: bool) -> str:
    """Return a list of colour, dash, letter and name, in the order of the bars, one a line or ``inline``."""
    items = []
    for look, name in entries:
        line = f'<path d="M0 15H26" stroke="{look.fill}" stroke-width="2.5" stroke-dasharray="{look.dash}"/>'
        key = f'<svg width="26" height="18" aria-hidden="true">{_rect(0, 0, 26, 10, look.fill)}{line}</svg>'
        items.append(f"<li>{key}<span><b>{escape(look.letter)}</b> {escape(name)}</span></li>")
    return f'<ul class="legend{" inline" if inline else ""}">{"".join(items)}</ul>\n'


def bars(groups: Sequence[Group], label: str) -> str:
    """Return grouped bars with intervals and numbers; more groups than fit go on in further rows."""
    widest = max(len(group.bars) for group in groups)
    fit = max(1, (WIDTH - 50) // (30 * widest + 16))
    per_row = math.ceil(len(groups) / math.ceil(len(groups) / fit))
    highest = max(max(b.value, *(b.interval or (0,)), g.chance or 0) for g in groups for b in g.bars)
    top = next((t for t in TOPS if highest <= 0.97 * t), 1.0)
    rows = [groups[start : start + per_row] for start in range(0, len(groups), per_row)]
    return "".join(_bar_row(row, per_row, top, label) for row in rows)


def _bar_row(groups: Sequence[Group], slots: int, top: float, label: str) -> str:
    left, upper, height = 42, 20, 220
    slot = min(200.0, (WIDTH - left - 8) / slots)
    right = left + slot * slots

    def y(value: float) -> float:
        return upper + height * (1 - value / top)

    parts = []
    steps = TOPS[top]
    for tick in range(steps + 1):
        at = y(top * tick / steps)
        parts += [
            _line(left, at, right, at, "#e0e0e0"),
            _text(left - 6, at + 4, f"{100 * top * tick / steps:g}", "end"),
        ]
    parts.append(_text(left - 6, upper - 8, "%", "end"))
    for i, group in enumerate(groups):
        middle = left + slot * (i + 0.5)
        width = min(34.0, (slot - 18) / len(group.bars))
        start = middle - width * len(group.bars) / 2
        for j, bar in enumerate(group.bars):
            parts.append(_bar(bar, start + width * j, width, y))
        if group.chance is not None:
            at = y(group.chance)
            end = start + width * len(group.bars)
            parts.append(
                _line(start - 4, at, end + 4, at, "#000", 'stroke-width="1.5" stroke-dasharray="5 3"')
            )
        parts.append(_text(middle, y(0) + 34, _cut(group.name, int(slot / 6)), "middle", "bold"))
        parts.append(_text(middle, y(0) + 48, _cut(group.remark, int(slot / 5)), "middle", "small muted"))
    parts.append(_line(left, y(0), right, y(0), "#333"))
    return _svg(right + 8, upper + height + 56, label, parts)


def _bar(bar: Bar, x: float, width: float, y: Callable[[float], float]) -> str:
    middle, ceiling = x + width / 2, y(bar.value)
    parts = [_rect(x + 1.5, ceiling, width - 3, y(0) - ceiling, bar.look.fill)]
    if bar.interval:
        low, high = map(y, bar.interval)
        ceiling = min(ceiling, high)
        parts.append(
            f'<path class="interval" d="M{middle:.1f} {low:.1f}V{high:.1f}M{middle - 4:.1f} {low:.1f}h8'
        )
        parts.append(f'M{middle - 4:.1f} {high:.1f}h8" stroke="#000" stroke-width="1.2" fill="none"/>')
    parts.append(_text(middle, ceiling - 4, f"{100 * bar.value:.1f}", "middle", "small"))
    parts.append(_text(middle, y(0) + 13, bar.look.letter, "middle", "small"))
    return "".join(parts)


def histogram(counts: Mapping[int, int], title: str, x_name: str, *, limit: int | None = None) -> str:
    """Return one panel: how many have which whole number from 0 on, in about 40 bins; ``limit`` is dashed."""
    width, height, left, upper, right, lower = 352, 190, 46, 30, 12, 32
    end = max(*counts, limit or 0) + 1
    size = next(part * 10**power for power in range(12) for part in (1, 2, 5) if part * 10**power * 40 >= end)
    bins: dict[int, int] = {}
    for value, count in counts.items():
        bins[value // size] = bins.get(value // size, 0) + count
    end, top = size * math.ceil(end / size), 2 * math.ceil(max(bins.values()) / 2)  # half of it is told too
    foot = height - lower

    def x(value: float) -> float:
        return left + (width - left - right) * value / end

    parts = [_text(left, 14, title, "start", "bold")]
    for share in (0, 0.5, 1):
        at = foot - (foot - upper) * share
        parts += [
            _line(left, at, width - right, at, "#e0e0e0"),
            _text(left - 5, at + 4, f"{top * share:,.0f}", "end"),
        ]
        anchor = "end" if share == 1 else "middle"
        parts.append(_text(x(end * share), foot + 14, f"{end * share:,.0f}", anchor, "small"))
    for at, count in bins.items():
        tall = (foot - upper) * count / top
        parts.append(_rect(x(at * size), foot - tall, x(size) - left - 0.6, tall, "#0072b2"))
    parts.append(_line(left, foot, width - right, foot, "#333"))
    if limit is not None:
        parts.append(
            _line(x(limit), upper - 8, x(limit), foot, "#000", 'stroke-width="1.5" stroke-dasharray="5 3"')
        )
    parts.append(_text((left + width - right) / 2, height - 4, x_name, "middle", "small muted"))
    return _svg(width, height, title, parts)


def differences(rows: Sequence[Difference], label: str) -> str:
    """Return differences in points with their intervals beside zero; filled where zero is outside."""
    left, right, step, upper = 190, 540, 24, 26
    reach = max(max(abs(r.low), abs(r.high), abs(r.value)) for r in rows)
    reach = next((t for t in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5) if reach <= t), 1.0)
    bottom = upper + step * len(rows)

    def x(value: float) -> float:
        return left + (right - left) * (value / reach + 1) / 2

    parts = []
    for tick in (-1, -0.5, 0, 0.5, 1):
        at = x(tick * reach)
        parts.append(_line(at, upper - 6, at, bottom, "#333" if tick == 0 else "#e0e0e0"))
        parts.append(
            _text(at, upper - 11, f"{100 * tick * reach:+g}".replace("-", "−") if tick else "0", "middle")
        )
    for i, row in enumerate(rows):
        at = upper + step * (i + 0.5)
        clear = row.low > 0 or row.high < 0
        parts.append(_text(left - 14, at + 4, _cut(row.name, 30), "end"))
        parts.append(
            f'<path class="interval" d="M{x(row.low):.1f} {at:.1f}H{x(row.high):.1f}" stroke="#1b1b1b" '
            'stroke-width="1.6"/>'
        )
        parts.append(
            f'<circle cx="{x(row.value):.1f}" cy="{at:.1f}" r="4.2" fill="{"#1b1b1b" if clear else "#fff"}" '
            'stroke="#1b1b1b" stroke-width="1.4"/>'
        )
        parts.append(_text(right + 14, at + 4, _cut(row.text, 32), "start", "bold" if clear else ""))
    return _svg(WIDTH, bottom + 6, label, parts)


def curves(lines: Sequence[Curve], title: str, x_name: str, *, log: bool = True) -> str:
    """Return one panel of curves; long ones are averaged down to 120 points.

    The axis is logarithmic, or one of shares from 0 on.
    """
    width, height, left, upper, right, lower = 352, 236, 40, 30, 12, 32
    thin = [(curve.look, _thinned(curve.points)) for curve in lines]
    values = [value for _, points in thin for _, value in points]
    ticks = _log_ticks(min(values), max(values)) if log else _share_ticks(max(values))
    last = max(x for _, points in thin for x, _ in points) or 1.0

    def place(x: float, value: float) -> tuple[float, float]:
        share = value / ticks[-1]
        if log:
            share = math.log(value / ticks[0]) / math.log(ticks[-1] / ticks[0])
        return left + (width - left - right) * x / last, upper + (height - upper - lower) * (1 - share)

    parts = [_text(left, 14, title, "start", "bold")]
    for tick in ticks:
        _, at = place(0, tick)
        parts += [_line(left, at, width - right, at, "#e0e0e0"), _text(left - 5, at + 4, f"{tick:g}", "end")]
    for share in (0, 0.5, 1):
        at, _ = place(last * share, ticks[0])
        anchor = "end" if share == 1 else "middle"
        parts.append(_text(at, height - lower + 14, f"{last * share:,.0f}", anchor, "small"))
    parts.append(_text((left + width - right) / 2, height - 4, x_name, "middle", "small muted"))
    for look, points in thin:
        path = "L".join("{:.1f} {:.1f}".format(*place(*point)) for point in points)
        path += "h0" if len(points) == 1 else ""  # which the round cap makes a dot
        parts.append(
            f'<path d="M{path}" fill="none" stroke="{look.fill}" stroke-width="1.8" '
            f'stroke-dasharray="{look.dash}" stroke-linejoin="round" stroke-linecap="round"/>'
        )
    return _svg(width, height, title, parts)


def _thinned(points: Sequence[tuple[float, float]], most: int = 120) -> list[tuple[float, float]]:
    size = math.ceil(len(points) / most)
    blocks = [points[start : start + size] for start in range(0, len(points), size)]
    return [
        (sum(x for x, _ in block) / len(block), sum(y for _, y in block) / len(block)) for block in blocks
    ]


def _log_ticks(low: float, high: float) -> list[float]:
    """Return 1-2-5 steps, or decades, from the last up to ``low`` to the first from ``high`` on."""
    parts = (1, 2, 5) if high < 1000 * low else (1,)
    steps = [part * 10.0**power for power in range(-9, 10) for part in parts]
    first = max(i for i, step in enumerate(steps) if step <= max(low, steps[0]))
    last = min((i for i, step in enumerate(steps) if step >= high and i > first), default=len(steps) - 1)
    return steps[first : last + 1]


def _share_ticks(high: float) -> list[float]:
    """Return steps of an axis of shares that ends at or above ``high``."""
    top = next((t for t in TOPS if high <= t), 1.0)
    return [top * i / TOPS[top] for i in range(TOPS[top] + 1)]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(1, most - 1)] + "…"


def _text(x: float, y: float, text: str, anchor: str, css: str = "") -> str:
    if not text:
        return ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{css}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, stroke: str, more: str = "") -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{stroke}" {more}/>'


def _rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{max(height, 0):.1f}" fill="{fill}"/>'


def _svg(width: float, height: float, label: str, parts: Sequence[str]) -> str:
    box = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<svg {box} role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>\n'
