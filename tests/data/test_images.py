"""Decoding within limits, grey levels, padding; every damaged byte is an error and never a crash."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.images import decode, encode
from data.sample import SampleError


def file(picture, kind="PNG"):
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


PNG = encode(np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8))


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_what_is_encoded_is_decoded(height, width, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    decoded = decode(encode(pixels))
    assert decoded.dtype == torch.uint8
    assert np.array_equal(decoded[0].numpy(), pixels)
    assert encode(pixels) == encode(Image.fromarray(pixels))


@pytest.mark.parametrize(
    ("mode", "colour", "grey"),
    [
        ("L", 9, 9),
        ("1", 1, 255),
        ("RGB", (255, 0, 0), 76),  # ITU-R 601: 0.299 of red
        ("RGBA", (0, 0, 0, 0), 255),  # transparent black is paper
        ("RGBA", (0, 0, 0, 255), 0),
        ("LA", (0, 0), 255),
        ("I;16", 40000, 156),  # 40000 / 256
    ],
)
def test_every_mode_becomes_grey(mode, colour, grey):
    assert decode(file(Image.new(mode, (3, 2), colour))).tolist() == [[[grey] * 3] * 2]


def test_a_palette_with_a_transparent_entry_becomes_paper():
    picture = Image.new("P", (2, 2), 0)
    picture.putpalette([0, 0, 0])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=0)
    assert decode(buffer.getvalue()).unique().tolist() == [255]


def test_jpeg_is_read():
    assert decode(file(Image.new("L", (8, 8), 120), "JPEG")).shape == (1, 8, 8)


def test_resizing_pads_with_paper_and_keeps_the_aspect_ratio():
    wide = np.zeros((10, 40), np.uint8)
    square = decode(encode(wide), 80)[0]
    assert square.shape == (80, 80)
    dark = square < 128
    rows, columns = dark.any(1).nonzero().flatten(), dark.any(0).nonzero().flatten()
    assert (len(rows), len(columns)) == (20, 80)
    assert (rows.min(), rows.max()) == (30, 49)
    assert torch.equal(decode(PNG, 16), decode(PNG))


@pytest.mark.parametrize(
    "data", [b"", b"not a picture", PNG[:40], PNG[: len(PNG) // 2], file(Image.new("L", (4, 4)), "GIF")]
)
def test_what_is_no_picture_is_an_error_that_shows_its_start(data):
    with pytest.raises(SampleError, match="not a usable PNG or JPEG picture") as error:
        decode(data)
    assert repr(data[:8]) in str(error.value)


def test_the_pixel_limit_is_checked_before_decoding():
    with pytest.raises(SampleError, match="picture of 16 x 16 px; padded to a square it may have 255 pixels"):
        decode(PNG, max_pixels=255)
    decode(PNG, max_pixels=256)
    with pytest.raises(SampleError, match="picture of 40000 x 2 px; padded to a square"):
        decode(file(Image.new("L", (40000, 2)), "PNG"))
    header = b"IHDR" + struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    bomb = PNG[:12] + header + struct.pack(">I", zlib.crc32(header)) + PNG[33:]
    with pytest.raises(SampleError, match="exceeds limit"):
        decode(bomb)


def test_a_photo_is_turned_as_its_camera_was_held():
    picture = Image.new("L", (8, 4), 0)
    picture.putpixel((0, 0), 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise: the first corner goes to the upper right
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", exif=exif)
    turned = decode(buffer.getvalue())
    assert turned.shape == (1, 8, 4)
    assert turned[0, 0, 3] == 255


def test_one_flipped_bit_anywhere_is_an_error_or_a_picture():
    for bit in range(0, len(PNG) * 8, 7):
        data = bytearray(PNG)
        data[bit // 8] ^= 1 << bit % 8
        try:
            assert decode(bytes(data)).dtype == torch.uint8
        except SampleError:
            continue


def test_only_grey_is_encoded():
    with pytest.raises(ValueError, match="uint8"):
        encode(np.zeros((2, 2), np.float32))
    with pytest.raises(ValueError, match=r"\[2, 2, 3\]"):
        encode(np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match="mode L; got RGB"):
        encode(Image.new("RGB", (2, 2)))
