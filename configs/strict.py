"""Strict loading: a missing, unexpected or misshapen tensor is an error that names it.

``transformers`` fills what is missing with random numbers and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoConfig
from transformers.utils import logging

from configs.runtime import console, is_rank_zero


def load_strict(
    cls: Any,
    path: str | Path,
    *,
    dtype: torch.dtype = torch.float32,
    check: Callable[[Any, str], Any] | None = None,
    ignore: tuple[str, ...] = (),
) -> Any:
    """Return ``cls.from_pretrained(path)``, and say in one line what was loaded.

    ValueError names every tensor that did not fit or is not finite.

    ``check(config, path)`` may refuse a config before weights are read; tensors that start with one of
    ``ignore`` may be missing or left over.
    """
    path = str(path)
    config = load_part(AutoConfig, path, "a model (config.json)")
    if check is not None:
        check(config, path)
    with quiet():
        try:
            _refuse_more_than_stored(cls, config, path)
            model, info = cls.from_pretrained(
                path, output_loading_info=True, dtype=dtype, ignore_mismatched_sizes=True
            )
        except Exception as error:  # missing weights, a damaged file: half a dozen types
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise ValueError(f"model {path} cannot be loaded: {reason[0]}") from error
    refuse_wrong_keys(path, info, ignore)
    _refuse_not_finite(model, f"model {path}")
    report(model, path, new=info["missing_keys"], unused=info["unexpected_keys"])
    return model


def _refuse_more_than_stored(cls: Any, config: Any, path: str) -> None:
    """Refuse a config that describes far more parameters than the folder's files can hold.

    ``transformers`` would allocate them all before it says that they are missing.
    """
    stored = sum(
        file.stat().st_size for kind in ("safetensors", "bin") for file in Path(path).glob(f"*.{kind}")
    )
    if not stored:
        return  # a hub id, or no weights: from_pretrained says so
    with torch.device("meta"):
        described = cls.from_config(config) if hasattr(cls, "from_config") else cls(config)
    count = sum(tensor.numel() for tensor in described.parameters())
    if count > 2 * stored:  # 4 bits per parameter
        raise ValueError(f"config.json describes {count:,} parameters, but the weights are {stored:,} bytes")


def refuse_wrong_keys(path: str, info: dict[str, Any], ignore: tuple[str, ...] = ()) -> None:
    """Raise ValueError unless the loading report of ``transformers`` is clean; names the tensors."""
    parts = []
    for kind in ("missing", "unexpected", "mismatched"):
        names = (
            key if isinstance(key, str) else f"{key[0]} {key[1]} for {key[2]}" for key in info[f"{kind}_keys"]
        )
        if bad := sorted(name for name in names if not name.startswith(ignore or ("\0",))):
            parts.append(f"{len(bad)} {kind}: {', '.join(bad[:8])}{' ...' if len(bad) > 8 else ''}")
    if parts:
        raise ValueError(
            f"model {path} does not fit its config, tensors are {'; '.join(parts)}. "
            "transformers would fill the gaps with random numbers; give the folder of a complete model"
        )


def report(
    model: nn.Module, source: str | Path, *, new: Iterable[str] = (), unused: Iterable[str] = ()
) -> None:
    """Print what was loaded: class, source, tensors, parameters, dtype, what was newly made or left out."""
    state, fresh, spare = model.state_dict(), sorted(new), sorted(unused)
    count = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    dtype = next(model.parameters()).dtype
    line = f"loaded {type(model).__name__} from {source}: {len(state) - len(fresh)} tensors, "
    line += f"{count:.{1 if count >= 10 else 3}f} M parameters, {str(dtype).removeprefix('torch.')}"
    for what, names in (("newly made", fresh), ("left out", spare)):
        if names:
            line += f"; {what}: {', '.join(names[:8])}{' ...' if len(names) > 8 else ''}"
    say(line)


def say(line: str) -> None:
    """Print a line about weights once, not on every rank."""
    if is_rank_zero():
        console.print(line, markup=False, soft_wrap=True)


def _refuse_not_finite(model: nn.Module, what: str) -> None:
    for name, tensor in model.named_parameters():
        if not tensor.isfinite().all():
            raise ValueError(f"{what}: tensor {name} holds NaN or infinity; the training had diverged")


def load_tensors(model: nn.Module, file: Path) -> None:
    """Load a safetensors file that holds exactly the tensors of ``model``, and say so in one line.

    ValueError names what differs or is not finite.
    """
    if not file.is_file():
        raise ValueError(f"weights {file} do not exist; give a .safetensors file")
    try:
        tensors = load_file(file)
    except Exception as error:
        raise ValueError(f"weights {file} cannot be read as safetensors: {error}") from error
    own = model.state_dict()
    info = {
        "missing_keys": own.keys() - tensors.keys(),
        "unexpected_keys": tensors.keys() - own.keys(),
        "mismatched_keys": {
            (key, tuple(tensors[key].shape), tuple(own[key].shape))
            for key in own.keys() & tensors.keys()
            if own[key].shape != tensors[key].shape
        },
    }
    refuse_wrong_keys(str(file), info)
    model.load_state_dict(tensors)
    _refuse_not_finite(model, f"weights {file}")
    report(model, file)


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the progress bars and load reports of ``transformers``, and our lines: an error says it all."""
    level, bars, lines = logging.get_verbosity(), logging.is_progress_bar_enabled(), console.quiet
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    console.quiet = True
    try:
        yield
    finally:
        console.quiet = lines
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def load_part(cls: Any, path: str, what: str, **options: Any) -> Any:
    """Return ``cls.from_pretrained(path, ...)``; ValueError says that ``what`` is missing or broken, and
    why."""
    with quiet():
        try:
            return cls.from_pretrained(path, **options)
        except Exception as error:  # OSError, ValueError, hub errors, and KeyError for unknown model types
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ValueError(f"{path}: no folder or hub id with {what}: {reason}") from error
