"""An HTML page in one file: shell, typography, tables. No scripts, nothing fetched from elsewhere.

The same tables are printed in the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from rich.table import Table
from rich.text import Text

SHELL = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}</main>
</body>
</html>
"""
STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
html { font: 16px/1.5 "Helvetica Neue", Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif; }
body { margin: 0; background: #fff; color: #1b1b1b; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .5rem; padding-top: .6rem; border-top: 1px solid #bbb; }
h1, h2, h3, h4 { break-after: avoid; }
p { max-width: 46rem; margin: 0 0 .8rem; }
p, li { text-wrap: pretty; }
.muted, figcaption { color: #555; font-size: .875rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .6rem 0 1.2rem; font-size: .85rem; line-height: 1.4; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; }
th, td { padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #e4e4e4; }
td.l:last-child { overflow-wrap: anywhere; }
thead th { border-bottom: 1.5px solid #333; vertical-align: bottom; }
th.r, td.r { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr { break-inside: avoid; }
figure { margin: 1rem 0; break-inside: avoid; }
svg { display: block; max-width: 100%; height: auto; }
@page { margin: 16mm; }
@media print { html { font-size: 10.5pt; } main { max-width: none; padding: 0; } }
* { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
"""


@dataclass(frozen=True)
class Sheet:
    """A table of finished text. ``align`` has one letter per column: ``l`` or ``r``."""

    title: str
    head: tuple[str, ...]
    align: str
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        assert {len(self.align)} == {len(self.head), *map(len, self.rows)}, self.title


def page(title: str, body: str, style: str = "") -> str:
    """Return a whole page; ``body`` is HTML, ``style`` is added to the page's own, ``title`` is escaped."""
    return SHELL.format(title=escape(title), style=STYLE + style, body=body)


def table(sheet: Sheet) -> str:
    """Return a sheet as an HTML table, everything escaped; it scrolls by itself where it is too wide."""

    def row(tag: str, cells: tuple[str, ...]) -> str:
        return "".join(
            f'<{tag} class="{side}">{escape(cell)}</{tag}>'
            for side, cell in zip(sheet.align, cells, strict=True)
        )

    head = f"<thead><tr>{row('th', sheet.head)}</tr></thead>" if any(sheet.head) else ""
    rows = "".join(f"<tr>{row('td', cells)}</tr>" for cells in sheet.rows)
    caption = f"<caption>{escape(sheet.title)}</caption>"
    return f'<div class="wide"><table>{caption}{head}<tbody>{rows}</tbody></table></div>\n'


def terminal(sheet: Sheet) -> Table:
    """Return a sheet as a table for the terminal; no text of it is read as markup."""
    shown = Table(title=Text(sheet.title), title_justify="left", show_header=any(sheet.head))
    for name, side in zip(sheet.head, sheet.align, strict=True):
        shown.add_column(Text(name), justify="right" if side == "r" else "left")
    for row in sheet.rows:
        shown.add_row(*map(Text, row))
    return shown


def paragraph(text: str, css: str = "") -> str:
    """Return escaped text as a paragraph of one class."""
    return f'<p class="{css}">{escape(text)}</p>\n' if css else f"<p>{escape(text)}</p>\n"


def section(name: str, *parts: str) -> str:
    """Return HTML parts as a section under its heading."""
    return f"<section>\n<h2>{escape(name)}</h2>\n{''.join(parts)}</section>\n"


def figure(drawn: str, caption: str) -> str:
    """Return a drawing (SVG, HTML) with its caption, which is escaped."""
    return f"<figure>{drawn}<figcaption>{escape(caption)}</figcaption></figure>\n"


def markdown(sheet: Sheet) -> str:
    """Return a sheet as a Markdown table under its title, if it has one; no text of it breaks a cell."""

    def row(cells: tuple[str, ...]) -> str:
        return f"| {' | '.join(' '.join(cell.replace('|', chr(92) + '|').split()) for cell in cells)} |"

    rule = "|".join("---:" if side == "r" else "---" for side in sheet.align)
    title = [f"**{sheet.title}**", ""] if sheet.title else []
    return "\n".join([*title, row(sheet.head), f"|{rule}|", *map(row, sheet.rows)])
