"""Import a public set: ``python -m data.recipes NAME FILE ... root=IMAGES [out=...]``; alone, list the sets.

A new set is one file beside this one and one line in :data:`RECIPES`.
"""

from __future__ import annotations

from rich.table import Table

from configs.load import one_of
from configs.runtime import command, console
from data.recipes import captions, geoqa, gllava, llava, mathvista, mavis, mm_math, mm_math_align, wemath
from data.recipes.frame import Recipe, run

RECIPES: dict[str, Recipe] = {
    "mm_math_align": mm_math_align.RECIPE,
    "mavis_caption": mavis.CAPTION,
    "mavis_instruct": mavis.INSTRUCT,
    "gllava_align": gllava.ALIGN,
    "gllava_qa": gllava.QA,
    "llava_caption": llava.CAPTION,
    "llava_chat": llava.CHAT,
    "folder": captions.FOLDER,
    "table": captions.TABLE,
    "geoqa": geoqa.RECIPE,
    "mathvista": mathvista.RECIPE,
    "wemath": wemath.RECIPE,
    "mm_math": mm_math.RECIPE,
}


def listed() -> Table:
    """Return all recipes with the files they read, the records published and the licence."""
    table = Table("NAME", "files", "records published", "split", "licence", title="recipes")
    for name, recipe in RECIPES.items():
        counts = ", ".join(f"{part}: {count:,}" for part, count in (recipe.published or {}).items())
        table.add_row(name, recipe.files, counts, recipe.split, recipe.licence)
    return table


@command
def main(argv: list[str]) -> None:
    """Run one recipe, or list all."""
    if not argv:
        console.print(listed())
        console.print(
            "python -m data.recipes NAME FILE ... root=IMAGES; where to download: data/recipes/*.py"
        )
        return
    one_of("recipe", argv[0], tuple(RECIPES))
    run(RECIPES[argv[0]], argv[1:])


if __name__ == "__main__":
    main()
