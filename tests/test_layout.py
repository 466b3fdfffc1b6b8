"""The import rule: configs <- data <- geoclip | mmgeolm, and tests that mirror the packages."""

import ast
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "configs": {"configs"},
    "data": {"configs", "data"},
    "geoclip": {"configs", "data", "geoclip"},
    "mmgeolm": {"configs", "data", "mmgeolm"},
}
TORCH_FREE = ("configs.load", "configs.runtime", "configs.runs", "configs.training")


def imported(source: str) -> set[str]:
    """Every module a source text imports, at any depth of nesting."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which folder is meant"
            names.add(node.module)
    return names


def forbidden(package: str, source: str) -> set[str]:
    ours = {name for name in imported(source) if name.split(".")[0] in {*MAY_IMPORT, "tests"}}
    return {name for name in ours if name.split(".")[0] not in MAY_IMPORT[package]}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_folder_imports_only_the_folders_before_it(package):
    wrong = {}
    for path in sorted((PROJECT / package).rglob("*.py")):
        if names := forbidden(package, path.read_text()):
            wrong[str(path.relative_to(PROJECT))] = names
    assert not wrong


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("geoclip", "from mmgeolm.model import build"),
        ("mmgeolm", "def f():\n    import geoclip.losses"),
        ("data", "import geoclip"),
        ("configs", "from data import sample"),
        ("data", "from tests.conftest import PROJECT"),
    ],
)
def test_the_rule_catches_a_wrong_import(package, source):
    assert forbidden(package, source)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_packages_init_holds_a_docstring_and_nothing_else(package):
    body = ast.parse((PROJECT / package / "__init__.py").read_text()).body
    assert [type(node) for node in body] == [ast.Expr]


def test_test_folders_mirror_the_packages_and_are_no_packages():
    folders = {path.relative_to(PROJECT / "tests") for path in (PROJECT / "tests").rglob("test_*.py")}
    unknown = {str(path) for path in folders if path.parts[0] not in MAY_IMPORT and len(path.parts) > 1}
    assert not unknown
    assert not list((PROJECT / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("module", TORCH_FREE)
def test_reading_a_config_does_not_wait_for_torch(module):
    path = PROJECT.joinpath(*module.split(".")).with_suffix(".py")
    roots = {name.split(".")[0] for name in imported(path.read_text())} - sys.stdlib_module_names
    assert roots <= {"configs", "omegaconf", "yaml", "rich"}
