"""Load typed options: YAML files merged left to right, then ``key=value`` overrides, then the schema's own checks.

A schema is a plain dataclass: fields without a default are required, ``__post_init__`` raises ValueError for values
that cannot be used. Values may refer to each other (``${data.seed}``) and to the environment
(``${oc.env:MMGEOLM_ROOT,runs}``). Nothing here imports torch.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from configs.runtime import atomic_write

Schema = TypeVar("Schema")
OVERRIDE = re.compile(r"([A-Za-z_][\w.]*)=(.*)", re.DOTALL)


class ConfigError(ValueError):
    """A config that cannot be used; the message names the source (file or override), the key and what to do."""


def one_of(name: str, value: object, allowed: Sequence[object]) -> None:
    """Raise ValueError unless ``value`` is in ``allowed``; ``name`` is the field to blame."""
    if value not in allowed:
        close = _nearest(str(value), map(str, allowed))
        raise ValueError(f"{name}={value!r} is not allowed; use one of {', '.join(map(str, allowed))}{close}")


def load_config(schema: type[Schema], argv: Sequence[str]) -> Schema:
    """Build ``schema`` from ``argv``: YAML paths merged left to right, and ``key=value`` overrides on top of them.

    Overrides win over files wherever they stand. Raises :class:`ConfigError` for a missing file, unreadable YAML,
    an unknown key (with the nearest one), a wrong type, a missing required field, or a refused combination.
    """
    files = [arg for arg in argv if not OVERRIDE.fullmatch(arg)]
    overrides = [arg for arg in argv if OVERRIDE.fullmatch(arg)]
    config = OmegaConf.structured(schema)
    for source, values in [*((arg, _read(arg)) for arg in files), *((arg, _parse(arg)) for arg in overrides)]:
        for key, value in values.items():  # one key at a time, so that every error knows its key
            try:
                config = OmegaConf.merge(config, {key: value})
            except (OmegaConfBaseException, ValueError) as error:
                raise _explain(source, str(key), error, schema) from error
    sources = ", ".join(argv) or "no config file given"
    if missing := sorted(OmegaConf.missing_keys(config)):
        names = ", ".join(_with_required(schema, key) for key in missing)
        raise ConfigError(f"{sources}: required but not set: {names}; set it in a YAML file or as key=value")
    try:
        return OmegaConf.to_object(config)
    except OmegaConfBaseException as error:
        raise _explain(sources, error.full_key or "", error, schema) from error
    except ValueError as error:
        raise ConfigError(f"{sources}: {error}") from error


def to_plain(config: Any) -> dict[str, Any]:
    """Return a config dataclass as plain dicts, lists and scalars, fit for JSON and for ``save_hyperparameters``."""
    return _plain(asdict(config))


def save_config(config: Any, path: str | Path) -> None:
    """Write the resolved config as YAML, atomically; :func:`load_config` reads it back to an equal object."""
    text = OmegaConf.to_yaml(OmegaConf.create(to_plain(config)))
    with atomic_write(path) as file:
        file.write(text)


def config_hash(config: Any) -> str:
    """Return 12 hex digits of the sha256 of the config as sorted JSON: the same options give the same hash."""
    text = json.dumps(to_plain(config), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def flatten(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested dicts as one dict with dotted keys; lists stay values."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        flat |= flatten(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return flat


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _read(name: str) -> dict[Any, Any]:
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        raise ConfigError(
            f"{name!r} is neither a YAML file (.yaml) nor an override; overrides look like key=value"
        )
    if not path.is_file():
        near = [str(p) for p in (path.parent if path.parent.is_dir() else Path("configs")).rglob("*.yaml")]
        raise ConfigError(f"config file {name} does not exist{_nearest(name, near)}")
    try:
        values = OmegaConf.load(path)  # a safe loader that refuses duplicate keys
    except (yaml.YAMLError, UnicodeDecodeError, OmegaConfBaseException) as error:
        raise ConfigError(f"{name} is not valid YAML: {error}") from error
    raw = OmegaConf.to_container(values, resolve=False)
    if not isinstance(raw, dict):
        raise ConfigError(f"{name} must hold `key: value` lines at its top level, not a {type(raw).__name__}")
    return raw


def _parse(override: str) -> dict[Any, Any]:
    try:
        raw = OmegaConf.to_container(OmegaConf.from_dotlist([override]), resolve=False)
    except (yaml.YAMLError, OmegaConfBaseException) as error:
        raise ConfigError(
            f"override {override!r} cannot be read; use key=value, lists as key=[1,2]: {error}"
        ) from error
    assert isinstance(raw, dict)
    return raw


def _explain(source: str, key: str, error: Exception, schema: type) -> ConfigError:
    inner = getattr(error, "full_key", None) or key
    name = inner if inner.split(".")[0].split("[")[0] == key.split(".")[0] else f"{key}: {inner}"
    if isinstance(error, ConfigKeyError | ConfigAttributeError):
        owner = getattr(error, "object_type", None) or schema
        leaf = inner.rsplit(".", 1)[-1]
        siblings = [field.name for field in fields(owner)] if is_dataclass(owner) else []
        elsewhere = [known for known in _known(schema) if known.rsplit(".", 1)[-1] == leaf]
        hint = _nearest(leaf, siblings) or (f"; did you mean {elsewhere[0]}?" if elsewhere else "")
        return ConfigError(f"{source}: unknown key {name}{hint}; allowed here: {', '.join(siblings)}")
    message = (getattr(error, "msg", None) or str(error)).splitlines()[0]
    return ConfigError(f"{source}: {name}: {message}")


def _known(schema: type) -> list[str]:
    """Dotted names of every field, through nested sections."""
    return [re.sub(r"^\.", "", name) for name in _walk(schema, "")]


def _walk(schema: type, prefix: str) -> Iterable[str]:
    for name, node in OmegaConf.structured(schema)._content.items():
        yield f"{prefix}{name}"
        section = getattr(node, "_metadata", None) and node._metadata.ref_type
        if is_dataclass(section):
            yield from _walk(section, f"{prefix}{name}.")


def _with_required(schema: type, key: str) -> str:
    inner = [name for name in _known(schema) if name.startswith(f"{key}.")]
    return f"{key} (a section with {', '.join(name.rsplit('.', 1)[-1] for name in inner)})" if inner else key


def _nearest(name: str, candidates: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(candidates), n=1)
    return f"; did you mean {close[0]}?" if close else ""
