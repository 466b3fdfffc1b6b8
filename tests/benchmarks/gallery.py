"""How long a gallery takes to open and to filter, in headless Chromium, from the disk.

    python -m data.gallery SHARDS out=GALLERY
    python tests/benchmarks/gallery.py GALLERY [ADDRESS ...]

ADDRESS is what stands after ``#``, as ``kind=image&operator=drop``. Milliseconds run from the start of
navigation, or from the change of the address, until the page is put together (twice after a change, so a
little too long). Every address is visited once per start of the browser, in the order given; the median of
five starts is told.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

STARTS = 5
ADDRESSES = (
    "page=250",
    "template=kite",
    "kind=image&operator=move",
    "kind=rule&verdict=false",
    "text=find nothing",
)
TIMED = """
  await draw();
  const times = [["", performance.now(), found.length]];
  for (const address of ADDRESSES) {
    const start = performance.now();
    location.hash = address;
    await new Promise((done) => addEventListener("hashchange", done, {once: true}));
    await draw();
    times.push([address, performance.now() - start, found.length]);
  }
  document.title = JSON.stringify(times);
}

start()"""


def timed(page: str, addresses: list[str]) -> str:
    """Return the page with a script that visits the addresses and puts the times into the title."""
    before, script, after = re.split(r"<script>|</script>", page)
    changed = re.sub(r"\n  await draw\(\);\n}\n\nstart\(\)", lambda _: TIMED, script)
    assert changed != script, "the page starts in another way; adapt this benchmark"
    changed = changed.replace("of ADDRESSES", f"of {json.dumps(addresses)}")
    digest = base64.b64encode(hashlib.sha256(changed.encode()).digest()).decode()
    before = re.sub(r"sha256-[^']+", f"sha256-{digest}", before)
    return f"{before}<script>{changed}</script>{after}"


def visit(page: Path, profile: str) -> list[tuple[str, float, int]]:
    """Open the page in a fresh browser; return address, milliseconds and samples found."""
    name = next(name for name in ("chromium", "chromium-browser", "google-chrome") if shutil.which(name))
    options = (
        "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-sync"
    )
    words = [name, *options.split(), "--disable-component-update", f"--user-data-dir={profile}"]
    words += ["--virtual-time-budget=60000", "--dump-dom", page.resolve().as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=True)
    return json.loads(html.unescape(re.findall("<title>(.*?)</title>", done.stdout)[0]))


def main() -> None:
    """Print the medians."""
    gallery, addresses = Path(sys.argv[1]), sys.argv[2:] or list(ADDRESSES)
    page = gallery / "timed.html"
    page.write_text(timed((gallery / "index.html").read_text(encoding="utf-8"), addresses), encoding="utf-8")
    try:
        with tempfile.TemporaryDirectory() as profile:
            starts = [visit(page, profile) for _ in range(STARTS)]
    finally:
        page.unlink()
    for visits in zip(*starts, strict=True):
        address, _, found = visits[0]
        middle = statistics.median(ms for _, ms, _ in visits)
        print(f"{middle:6.0f} ms {found:7,} samples  {address or '(opening)'}")


if __name__ == "__main__":
    main()
