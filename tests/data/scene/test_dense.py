import numpy as np

from data.scene.dense import atoms, index_atoms, patch_classes, patch_targets
from data.scene.display import Arc, Display, Style, Text
from data.scene.types import Fact


def test_a_glyph_is_told_to_the_patches_it_covers() -> None:
    # 336 px in a grid of 8: patches of 42 px. The letter lies in row 1, column 2; the number in row 7.
    texts = (Text("point", "B", "B", (90, 50, 110, 70)), Text("length", "AB", "47", (2, 300, 82, 330)))
    classes = patch_classes("AB")
    masks = patch_targets(Display(Style(), (), (), (), texts), 8, classes).reshape(8, 8)
    told = {
        name: [tuple(at) for at in np.argwhere(masks >> np.uint64(bit) & np.uint64(1)).tolist()]
        for name, bit in classes.items()
    }
    assert told["B"] == [(1, 2)]
    assert told["4"] == [(7, 0)]
    assert told["7"] == [(7, 1)]
    assert told["A"] == []


def test_equal_statements_have_equal_atoms(sketch) -> None:
    scene = sketch("AB BC CA", A=(50, 50), B=(250, 60), C=(120, 250))
    one = atoms([Fact("shape", ("ABC",), "triangle"), Fact("length", ("AB",), 4)], scene)
    other = atoms([Fact("shape", ("CBA",), "triangle"), Fact("length", ("BA",), 4)], scene)
    assert sorted(one) == sorted(other)
    assert "joined AB" in one
    assert "length AB" in one
    assert "length AB 4" in one


def test_only_frequent_atoms_are_numbered() -> None:
    assert index_atoms([["b", "a"], ["a"], ["c", "a", "b"]], least=2) == {"a": 0, "b": 1}


def test_an_angle_arc_touches_the_patches_under_it_and_not_its_whole_circle():
    classes = patch_classes("ABCDEF")
    arc = Arc("arc", "ABC", (168.0, 168.0), 60.0, 0.0, 90.0)  # y points down: the quarter at the lower right
    masks = patch_targets(Display(Style(), (), (arc,), (), ()), 8, classes).reshape(8, 8)
    assert all(masks[row, column] == 0 for row in range(8) for column in range(8) if row < 3 or column < 3)
    assert masks[4, 4] == 1 << classes["arc"]
