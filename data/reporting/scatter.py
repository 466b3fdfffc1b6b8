"""A picture of points in the plane as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from data.reporting.charts import WIDTH, Look

SIDE = 520
EDGE = 12


def scatter(groups: Sequence[tuple[Look, np.ndarray]], label: str) -> str:
    """Return points [n, 2] of each group in its colour, on one scale; groups are drawn in turns.

    No group lies on top of another: the first point of each is drawn, then the second of each, and so on.
    """
    everything = np.concatenate([points for _, points in groups])
    low = everything.min(0)
    scale = (SIDE - 2 * EDGE) / max(float((everything.max(0) - low).max()), 1e-12)
    left = (WIDTH - SIDE) / 2
    dots = []
    for at in range(max(len(points) for _, points in groups)):
        for look, points in groups:
            if at < len(points):
                x, y = (points[at] - low) * scale + EDGE
                place = f'cx="{left + x:.1f}" cy="{SIDE - y:.1f}" r="2.2"'
                dots.append(f'<circle {place} fill="{look.fill}" fill-opacity=".6"/>')
    frame = f'<rect x="{left:.0f}" y="0" width="{SIDE}" height="{SIDE}" fill="none" stroke="#bbb"/>'
    box = f'viewBox="0 0 {WIDTH} {SIDE}" width="{WIDTH}" height="{SIDE}"'
    return f'<svg {box} role="img" aria-label="{escape(label)}">{frame}{"".join(dots)}</svg>\n'
