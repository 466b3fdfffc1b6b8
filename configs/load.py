"""Load typed options: YAML files merged left to right, then ``key=value`` overrides, then checks.

A schema is a plain dataclass: fields without a default are required, ``__post_init__`` raises ValueError for
values that cannot be used. Values may refer to each other (``${data.seed}``) and to the environment
(``${oc.env:MMGEOLM_ROOT,runs}``). Nothing here imports torch.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException

from configs.runtime import atomic_write

Schema = TypeVar("Schema")
OVERRIDE = re.compile(r"([A-Za-z_][\w.]*)=(.*)", re.DOTALL)


class ConfigError(ValueError):
    """A config that cannot be used; the message names the file or override, the key and the remedy."""


def one_of(name: str, value: object, allowed: Sequence[object]) -> None:
    """Raise ValueError unless ``value`` is in ``allowed``; ``name`` is the field to blame."""
    if value not in allowed:
        hint = _nearest(str(value), map(str, allowed))
        raise ValueError(f"{name}={value!r} is not allowed; use one of {', '.join(map(str, allowed))}{hint}")


def at_least(config: object, least: float, *names: str) -> None:
    """Raise ValueError unless each named field of ``config`` is null or ``least`` or more."""
    for name in names:
        value = getattr(config, name)
        if value is not None and value < least:
            raise ValueError(f"{name}={value} is not allowed; use at least {least}")


def check_seed(seed: int) -> None:
    """Raise ValueError unless ``seed`` fits every generator that takes it."""
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed={seed} is not allowed; use 0 to {2**32 - 1}")


def check_models(models: Sequence[str]) -> None:
    """Raise ValueError unless at least one model is named, and none twice."""
    if not models or len({os.path.normpath(model) for model in models}) < len(models):
        raise ValueError(f"models={models}: name at least one model, and none twice")


def load_config(schema: type[Schema], argv: Sequence[str]) -> Schema:
    """Build ``schema`` from ``argv``: YAML paths merged left to right, then ``key=value`` overrides.

    Overrides win over files wherever they stand. One that gives a whole dict (``splits={train: 9}``) replaces
    it; a file, and one of its entries (``splits.train=9``), add to it.

    Raises :class:`ConfigError` for a missing file, unreadable YAML, an unknown key, a wrong type, a missing
    required field, or a combination the schema refuses.
    """
    files = [(arg, _read(arg, schema)) for arg in argv if not OVERRIDE.fullmatch(arg)]
    overrides = [(arg, _parse(arg)) for arg in argv if OVERRIDE.fullmatch(arg)]
    config = OmegaConf.structured(schema)
    for source, values in files + overrides:
        for key, value in values.items():  # one key at a time, so that every error knows its key
            try:
                _empty_what_is_given_whole(config, source)
                config = OmegaConf.merge(config, {key: value})
            except (OmegaConfBaseException, ValueError, TypeError) as error:
                raise _explain(source, str(key), error, schema) from error
    sources = ", ".join(argv) or "no config given"
    try:
        missing = sorted(OmegaConf.missing_keys(config))
        made = None if missing else OmegaConf.to_object(config)
    except OmegaConfBaseException as error:
        raise _explain(sources, error.full_key or "", error, schema) from error
    except ValueError as error:
        raise ConfigError(f"{sources}: {_in_its_section(config, str(error))}") from error
    if missing:
        names = ", ".join(_with_its_fields(schema, key) for key in missing)
        raise ConfigError(f"{sources}: required but not set: {names}; set it in a YAML file or as key=value")
    if wild := [f"{key}={value}" for key, value in flatten(to_plain(made)).items() if not _finite(value)]:
        raise ConfigError(f"{sources}: {', '.join(wild)} is not allowed; use finite numbers")
    return cast(Schema, made)


def split_words(argv: Sequence[str], *, files: bool = False) -> tuple[list[str], list[str]]:
    """Return what a command acts on, and what :func:`load_config` reads: ``key=value``, and YAML files where
    ``files`` says that the command takes them."""
    options = [bool(OVERRIDE.fullmatch(arg)) or (files and arg.endswith((".yaml", ".yml"))) for arg in argv]
    words = list(zip(argv, options, strict=True))
    return [arg for arg, option in words if not option], [arg for arg, option in words if option]


def load_for_models(schema: type[Schema], argv: Sequence[str]) -> Schema:
    """Return the config of a command whose bare words are its ``models``, beside YAML files and overrides."""
    models, options = split_words(argv, files=True)
    return load_config(schema, [*options, *([f"models={json.dumps(models)}"] if models else [])])


def to_plain(config: Any) -> dict[str, Any]:
    """Return a config as plain dicts, lists and scalars, fit for JSON and ``save_hyperparameters``."""
    return _plain(asdict(config))


def save_config(config: Any, path: str | Path) -> None:
    """Write the resolved config as YAML, atomically; :func:`load_config` reads it back to an equal object."""
    text = OmegaConf.to_yaml(OmegaConf.create(to_plain(config)))
    with atomic_write(path) as file:
        file.write(text)


def config_hash(config: Any) -> str:
    """Return 12 hex digits of the sha256 of the config as sorted JSON; equal options give equal hashes."""
    text = json.dumps(to_plain(config), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def flatten(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested dicts as one dict with dotted keys; lists and empty dicts stay values."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        flat |= flatten(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return flat


def _finite(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _read(name: str, schema: type) -> dict[Any, Any]:
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        raise ConfigError(
            f"{name!r} is neither a YAML file nor an override; a command takes FILE.yaml ... key=value ..., "
            f"and its options are the fields of {schema.__name__} in {schema.__module__.replace('.', '/')}.py"
        )
    if not path.is_file():
        folder = path.parent if path.parent.is_dir() else Path("configs")
        raise ConfigError(f"{name} does not exist{_nearest(name, map(str, folder.rglob('*.yaml')))}")
    try:
        values = OmegaConf.to_container(OmegaConf.load(path))  # a safe loader that refuses duplicate keys
    except (yaml.YAMLError, UnicodeDecodeError, OmegaConfBaseException) as error:
        raise ConfigError(f"{name} is not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(
            f"{name} must hold `key: value` lines, but its top level is a {type(values).__name__}"
        )
    return values


def _parse(override: str) -> dict[Any, Any]:
    try:
        values = OmegaConf.to_container(OmegaConf.from_dotlist([override]))
    except (yaml.YAMLError, OmegaConfBaseException) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{override!r} is not key=value (a list is key=[1,2]): {reason}") from error
    return cast(dict[Any, Any], values)


def _empty_what_is_given_whole(config: Any, source: str) -> None:
    """Empty the dict that an override gives anew: what a file put there would stay without a word."""
    found = OVERRIDE.fullmatch(source)
    if found and found[2].lstrip().startswith("{"):
        owner, _, name = found[1].rpartition(".")
        section = OmegaConf.select(config, owner) if owner else config
        if isinstance(section, DictConfig) and not OmegaConf.is_missing(section, name):
            node = section.get(name)
            if isinstance(node, DictConfig) and OmegaConf.get_type(node) is dict:
                node.clear()


def _explain(source: str, key: str, error: Exception, schema: type) -> ConfigError:
    """Turn an OmegaConf error into one that names the source and the whole key, and suggests the nearest."""
    inner = getattr(error, "full_key", None) or key
    # Inside a list OmegaConf names the item's own key only.
    name = inner if inner.split(".")[0].split("[")[0] == key.split(".")[0] else f"{key}[...].{inner}"
    if isinstance(error, ConfigKeyError):
        owner = error.object_type
        siblings = [field.name for field in fields(owner)] if is_dataclass(owner) else []
        leaf = name.rsplit(".", 1)[-1]
        hint = _nearest(leaf, siblings)
        if elsewhere := [known for known in _keys(schema) if known.rsplit(".", 1)[-1] == leaf]:
            hint = f"; did you mean {elsewhere[0]}?"
        return ConfigError(f"{source}: unknown key {name}{hint}; allowed here: {', '.join(siblings)}")
    message = (getattr(error, "msg", None) or str(error)).splitlines()[0]
    return ConfigError(f"{source}: {name}: {message}")


def _in_its_section(config: Any, message: str) -> str:
    """Put the section that refuses its values before the message: ``lr=0 ...`` as ``optim.lr=0 ...``."""
    for name in config:
        section = OmegaConf.get_type(config, name)
        if not is_dataclass(section) or OmegaConf.is_missing(config, name) or config[name] is None:
            continue
        try:
            OmegaConf.to_object(config[name])
        except ValueError:
            inner = _in_its_section(config[name], message)
            is_field = inner != message or re.split(r"\W", message)[0] in {f.name for f in fields(section)}
            return f"{name}.{inner}" if is_field else f"{name}: {inner}"
    return message


def _keys(schema: type, prefix: str = "") -> Iterator[str]:
    """Yield the dotted name of every field, through nested and optional sections."""
    for name, hint in get_type_hints(schema).items():
        yield f"{prefix}{name}"
        for section in get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,):
            if is_dataclass(section):
                yield from _keys(cast(type, section), f"{prefix}{name}.")


def _with_its_fields(schema: type, key: str) -> str:
    inner = [name.removeprefix(f"{key}.") for name in _keys(schema) if name.startswith(f"{key}.")]
    return f"{key} (a section of {', '.join(inner)})" if inner else key


def _nearest(name: str, candidates: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(candidates), n=1)
    return f"; did you mean {close[0]}?" if close else ""
