"""MAVIS: ``python -m data.recipes mavis_caption | mavis_instruct FILE.json ... root=FOLDER``.

Download: the links in https://github.com/ZrrSkywalker/MAVIS (about 588K captions, 834K questions). Unpacked::

    MAVIS_Caption/MAVIS_Caption.json                          root=MAVIS_Caption
    DataEngine_Geometry/DataEngine_Geometry.json              root=DataEngine_Geometry
    Meta_Question/Meta_Question.json                          root=Meta_Question/meta_gen
    Caption_to_QA/Geometry_Caption_to_Question.json           root=Caption_to_QA/geo_cap_to_question
    Caption_to_QA/Function_Caption_to_Question.json           root=Caption_to_QA/function_wo/images_wo
    Existing_Dataset_Augment/Existing_Dataset_Augment.json    root=Existing_Dataset_Augment

A file is a JSON list of LLaVA records ``{id, image, conversations}``; those of the instruct part also have
``question_type`` and ``subject``. Paths of pictures begin on the authors' machine: what follows
``MAVIS_Caption/`` is looked up below ``root``, and ``RuleBaseGeo_For_Vision_Dominant/`` is the folder that is
published as ``rule_base_geo_vision_dom/``. Names and paths are as other public readers of the set have them;
where a picture is not found, try ``strip``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from data.recipes import gllava, llava
from data.recipes.entry import Entry, record_of
from data.recipes.frame import Recipe
from data.sample import Sample


def published_path(path: Any) -> Any:
    """Return a picture's path as it is below ``root``."""
    if not isinstance(path, str):
        return path
    path = path.rpartition("MAVIS_Caption/")[2]
    path = path.replace("RuleBaseGeo_For_Vision_Dominant/", "rule_base_geo_vision_dom/")
    _, folder, after = path.rpartition("rule_base_geo_vision_dom/")
    return folder + after


def convert_caption(value: Any, entry: Entry, cfg: Any) -> Sample:
    """A diagram and its caption."""
    return llava.convert_caption(_placed(value), entry, cfg)


def convert_instruct(value: Any, entry: Entry, cfg: Any) -> Sample:
    """A question with its worked answer; what is asked may stand in the picture alone."""
    sample = gllava.convert_qa(_placed(value), entry, cfg)
    about = {name: value[name] for name in ("question_type", "subject") if name in value}
    return replace(sample, meta={**sample.meta, **about})


def _placed(value: Any) -> dict[str, Any]:
    record = record_of(value, "image", "conversations")
    return {**record, "image": published_path(llava.picture_field(record))}


CAPTION = Recipe("mavis_caption", "MAVIS-Caption", "unknown", "MAVIS_Caption.json", convert_caption)
INSTRUCT = Recipe(
    "mavis_instruct",
    "MAVIS-Instruct",
    "unknown",
    "DataEngine_Geometry.json, Meta_Question.json and the like",
    convert_instruct,
    shared_ids=True,
)
