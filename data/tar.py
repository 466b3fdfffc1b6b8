"""One sample as a run of tar members (ustar), so that a single read at a known offset fetches it.

Python's ``tarfile`` and webdataset read what this writes. Reading here is strict: a header whose checksum is
wrong, or a block that ends early, is an error, where stream readers end the shard without a word.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Mapping

BLOCK = 512
END = bytes(2 * BLOCK)
LONGEST_NAME = 100


def pack(key: str, members: Mapping[str, bytes]) -> bytes:
    """Return the tar members ``KEY.NAME`` with their data, padded to blocks of 512 bytes, in the given order.

    Owner and time are zero: equal samples give equal bytes. Raises ValueError for a name over 100 characters.
    """
    parts = []
    for member, data in members.items():
        name = f"{key}.{member}"
        if len(name) > LONGEST_NAME:
            raise ValueError(
                f"sample {key!r}: member name {name!r} exceeds {LONGEST_NAME} characters; shorten it"
            )
        info = tarfile.TarInfo(name)
        info.size = len(data)
        parts += [info.tobuf(tarfile.USTAR_FORMAT), data, bytes(-len(data) % BLOCK)]
    return b"".join(parts)


def unpack(block: bytes) -> dict[str, bytes]:
    """Return full member names and data of a run of tar members; the inverse of :func:`pack`.

    Raises ValueError for a damaged header, a member that is no regular file, a repeated name, missing bytes.
    """
    members: dict[str, bytes] = {}
    at = 0
    while at < len(block):
        try:
            name, size = _parse(block[at : at + BLOCK])
        except ValueError as error:
            raise ValueError(f"damaged tar header at byte {at} of the sample: {error}") from error
        data = block[at + BLOCK : at + BLOCK + size]
        if len(data) != size:
            raise ValueError(f"member {name!r} ends after {len(data)} of {size} bytes")
        if name in members:
            raise ValueError(f"member {name!r} appears twice")
        members[name] = data
        at += BLOCK + size + -size % BLOCK
    if at != len(block):
        raise ValueError(f"the sample ends after {len(block)} of {at} bytes")
    return members


def first_member(block: bytes) -> tuple[str, int, int]:
    """Return name of the first member, and where its data begins and ends; ``block`` may end before it does.

    Raises ValueError for a damaged header.
    """
    name, size = _parse(block[:BLOCK])
    return name, BLOCK, BLOCK + size


def _parse(header: bytes) -> tuple[str, int]:
    """Return name and size. By hand, because ``tarfile.TarInfo.frombuf`` takes five times as long."""
    if len(header) != BLOCK or header[257:262] != b"ustar" or header[345:346] != b"\0":
        raise ValueError("no plain ustar header")
    if header[156:157] not in (b"0", b"\0"):
        raise ValueError(f"member type {header[156:157]!r} is no regular file")
    # The low half of Adler-32 is 1 + the sum of all bytes, modulo a prime, and quicker than sum().
    told = int(header[148:156].strip(b"\0 "), 8) - 8 * ord(" ") + sum(header[148:156])
    if zlib.adler32(header) & 0xFFFF != (told + 1) % 65521:
        raise ValueError("wrong checksum")
    return header[:100].rstrip(b"\0").decode(), int(header[124:136].strip(b"\0 "), 8)
