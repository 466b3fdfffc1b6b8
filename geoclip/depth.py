"""How deep a parameter lies: locking towers from below, and lower learning rates further down.

Depth 0 is what comes before a tower's n blocks (patches, tokens, positions), depth i is block i, and n + 1 is
what comes after them: norms, pooling, projections, the logit scale.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from geoclip.encoder import DualEncoder, tower_blocks


def depths(tower: nn.Module) -> dict[str, int]:
    """Return the depth of every parameter of ``tower`` by name.

    What stands between two blocks, like the down-sampling of a ConvNeXt stage, belongs to the second. Towers
    define their parts in the order in which data passes them, and ``named_parameters`` keeps that order.
    """
    blocks = tower_blocks(tower)
    at = {id(p): i for i, block in enumerate(blocks, start=1) for p in block.parameters()}
    found, seen = {}, 0
    for name, parameter in tower.named_parameters():
        seen = max(seen, at.get(id(parameter), 0))
        found[name] = at.get(id(parameter), seen + 1 if seen else 0)
    return found


def lock(encoder: DualEncoder, towers: dict[str, Any]) -> None:
    """Freeze parameters from below: ``{"vision": 6}`` freezes depths 0 to 6 of the image tower, 0 its
    embeddings alone, and ``all`` the whole tower; a tower that is not named, and every projection, trains.

    Raises ValueError for more blocks than there are, and for a locked part whose batch norms would go on
    changing.
    """
    for tower, wanted in towers.items():
        module = encoder.vision if tower == "vision" else encoder.text
        count, depth = len(tower_blocks(module)), depths(module)
        if wanted != "all" and wanted > count:
            raise ValueError(f"optim.lock.{tower}={wanted}, but the tower has {count} blocks; or use all")
        if any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in module.modules()):
            raise ValueError(
                f"optim.lock.{tower}: {type(module).__name__} has batch norms, whose statistics would change "
                "although their weights are locked; use a tower with layer norms"
            )
        for name, parameter in module.named_parameters():
            if wanted == "all" or depth[name] <= wanted:
                parameter.requires_grad_(False)


def rate_factors(encoder: DualEncoder, decay: float) -> dict[str, float]:
    """Return what the learning rate of each parameter is multiplied with: ``decay ** (n + 1 - depth)``.

    Each tower counts its own n blocks; what belongs to no tower has 1. This is the layer-wise decay of BEiT's
    fine-tuning (arXiv 2106.08254, appendix).
    """
    factors = dict.fromkeys((name for name, _ in encoder.named_parameters()), 1.0)
    for tower, module in (("vision_model", encoder.vision), ("text_model", encoder.text)):
        top = len(tower_blocks(module)) + 1
        factors |= {f"model.{tower}.{name}": decay ** (top - at) for name, at in depths(module).items()}
    return factors
