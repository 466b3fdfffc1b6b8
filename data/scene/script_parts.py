"""The text of a figure's matplotlib script, part by part; ``str.format`` fills in the numbers."""

HEAD = '''\
"""Draws a geometric figure in black on white: python THIS_FILE OUT.png [SIZE]"""

import math
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Arc, Circle, PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

# The page is {page:g} units wide and high, x to the right, y down.
'''

SETUP = """
out = sys.argv[1]
size = int(sys.argv[2]) if len(sys.argv) > 2 else 336
unit = 72 / {page:g}  # typographic points, for line widths
width = max(line_width, {least:g} * {page:g} / size)
style = {{"color": "black", "linewidth": width * unit}}
figure = plt.figure(figsize=(1, 1))
page = figure.add_axes((0, 0, 1, 1))
page.set(xlim=(0, {page:g}), ylim=({page:g}, 0))
page.axis("off")
"""

HELPERS = (
    """

def line(*path, cap="butt", **more):
    xs, ys = zip(*path)
    ends = {{"solid_capstyle": cap, "solid_joinstyle": "round", "dash_capstyle": "butt"}}
    page.plot(xs, ys, snap=False, **ends, **style, **more)
""",
    """

def arc(centre, radius, start, stop):
    page.add_patch(Arc(centre, 2 * radius, 2 * radius, theta1=start, theta2=stop, **style))
""",
    """

def unit_vector(p, q):
    return (q[0] - p[0]) / math.dist(p, q), (q[1] - p[1]) / math.dist(p, q)
""",
    """

def beside(p, q, place, along, across):
    # the point that is `along` and `across` the line pq from `place` (0 at p, 1 at q)
    u, v = unit_vector(p, q)
    x, y = p[0] + place * (q[0] - p[0]), p[1] + place * (q[1] - p[1])
    return x + along * u - across * v, y + along * v + across * u
""",
    """

def turns(p, v, q):
    # where the angle pvq starts and stops, in degrees
    start = math.degrees(math.atan2(p[1] - v[1], p[0] - v[0]))
    sweep = (math.degrees(math.atan2(q[1] - v[1], q[0] - v[0])) - start + 180) % 360 - 180
    return min(start, start + sweep), max(start, start + sweep)
""",
    """

def write(text, x, y, scale=1):
    path = TextPath((0, 0), text, size=scale * font_size, prop=FontProperties(family=font))
    box = path.get_extents()
    place = Affine2D().translate(-(box.x0 + box.x1) / 2, -(box.y0 + box.y1) / 2).scale(1, -1).translate(x, y)
    page.add_patch(PathPatch(place.transform_path(path), facecolor="black", linewidth=0))
""",
)

DRAW = {
    "axes": """
for start, end in axes.values():
    line(start, end, cap="round")
    line(beside(start, end, 1, -{long:g}, {half:g}), end, beside(start, end, 1, -{long:g}, -{half:g}))
""",
    "curves": """
for _, curve in curves:
    line(*curve)
""",
    "segments": """
for a, b in segments:
    line(points[a], points[b], cap="round")
""",
    "dashed": """
for a, b in dashed:
    length = math.dist(points[a], points[b])
    count = round(max(length - {dash:g}, 0) / {period:g})  # a whole dash at both ends
    stretch = length / (count * {period:g} + {dash:g}) / width
    line(points[a], points[b], linestyle=(0, ({dash:g} * stretch, {space:g} * stretch)))
""",
    "circles": """
for centre, radius in circles:
    arc(points[centre], radius, 0, 360)
""",
    "sectors": """
for a, o, b in sectors:
    arc(points[o], math.dist(points[o], points[a]), *turns(points[a], points[o], points[b]))
""",
    "right_angles": """
for (a, v, b), side in right_angles:
    (ux, uy), (wx, wy) = unit_vector(points[v], points[a]), unit_vector(points[v], points[b])
    x, y = points[v]
    corner = (x + side * (ux + wx), y + side * (uy + wy))
    line((x + side * ux, y + side * uy), corner, (x + side * wx, y + side * wy))
""",
    "ticks": """
for (a, b), place in ticks:
    line(*[beside(points[a], points[b], place, 0, side) for side in ({tick:g}, -{tick:g})])
""",
    "arrows": """
for (a, b), place in arrows:
    chevron = [(-{back:g}, {wide:g}), ({back:g}, 0), (-{back:g}, -{wide:g})]
    line(*[beside(points[a], points[b], place, along, across) for along, across in chevron])
""",
    "angle_arcs": """
for (a, v, b), radius in angle_arcs:
    arc(points[v], radius, *turns(points[a], points[v], points[b]))
""",
    "dots": """
for name, radius in dots.items():
    page.add_patch(Circle(points[name], max(radius, {dot:g} * width), color="black", linewidth=0))
""",
    "labels": """
for text, at, dx, dy in labels:
    named = [points[name] for name in at]
    write(text, sum(x for x, _ in named) / len(named) + dx, sum(y for _, y in named) / len(named) + dy)
""",
    "coordinates": """
for text, name, dx, dy in coordinates:
    write(text, points[name][0] + dx, points[name][1] + dy, {small:g})
""",
    "axis_labels": """
for name, (dx, dy) in axis_labels.items():
    x, y = axes[name][1]
    write(name, x + dx, y + dy)
""",
}

COMMENTS = {
    "circles": "centre and radius",
    "sectors": "the shorter arc from the first to the last point around the one in the middle",
    "dashed": "auxiliary lines",
    "right_angles": "corner in the middle, side of the square",
    "ticks": "segment and place along it, 0 to 1",
    "arrows": "segment and place along it, 0 to 1",
    "angle_arcs": "corner in the middle, radius",
    "dots": "point and radius",
    "labels": "text, the points whose middle it belongs to, offset of its own middle from there",
    "coordinates": "text, its point, offset of its own middle from there",
    "axis_labels": "offset from the upper end of the axis",
}
