"""Reads a QR code off a page, with a reader that nobody here wrote."""

import re
from typing import Final

import zxingcpp

SCALE: Final = 4
"""Pixels to a module."""


def read_qr(html: str) -> str:
    """The text of the one QR code in a page or in a part of one."""
    drawn = re.search(r'<svg viewBox="0 0 (\d+) \d+"[^>]*><path[^>]* d="([^"]+)"', html)
    assert drawn, html
    found = zxingcpp.read_barcode(_pixels(int(drawn[1]), drawn[2]))
    assert found is not None, "no reader can read this code"
    return str(found.text)


def _pixels(side: int, path: str) -> memoryview:
    """What a screen shows of horizontal strokes one module high."""
    rows = [bytearray(b"\xff" * side) for _ in range(side)]
    x = y = 0.0
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:\s(-?[\d.]+))?", path):
        if command == "h":
            width = int(float(first))
            rows[int(y)][int(x) : int(x) + width] = bytes(width)
            x += width
        else:
            start = (0.0, 0.0) if command == "M" else (x, y)
            x, y = start[0] + float(first), start[1] + float(second)
    wide = (bytes(pixel for pixel in row for _ in range(SCALE)) for row in rows)
    return memoryview(b"".join(row * SCALE for row in wide)).cast("B", shape=[side * SCALE, side * SCALE])
