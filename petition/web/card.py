"""The picture that goes with a link passed on: a statement and its ruler, drawn of rectangles as a PNG.

Without a word or a number in it: where it is shown it is kept for weeks, and the count has long moved on.
"""

import struct
import zlib

WIDTH, HEIGHT = 1200, 630
PAPER, INK, TITLE, TEXT, RULE, ACCENT = range(6)
COLOURS = bytes.fromhex("fbfaf5 191c19 595f58 c9c8c0 dedbd0 0a6845")
LEFT, RIGHT = 150, 1050
# Lines of a title and of a text: distance from the top, height, length, colour.
LINES = (
    (110, 22, 640, TITLE),
    (156, 22, 430, TITLE),
    *((top, 12, length, TEXT) for top, length in ((235, 900), (267, 860), (299, 880), (331, 520))),
)
RULER_TOP, RULER_HEIGHT, DONE, GOAL = 415, 34, 600, 840
TICKS_EVERY = 30


def card(mirrored: bool) -> bytes:
    """As pages of the language run; some two kilobytes."""
    rows = [bytearray([PAPER]) * WIDTH for _ in range(HEIGHT)]

    def draw(x: int, y: int, width: int, height: int, colour: int) -> None:
        begin = WIDTH - x - width if mirrored else x
        for row in rows[y : y + height]:
            row[begin : begin + width] = bytes([colour]) * width

    for top, height, length, colour in LINES:
        draw(LEFT, top, length, height, colour)
    draw(LEFT, RULER_TOP, RIGHT - LEFT, RULER_HEIGHT, RULE)
    draw(LEFT, RULER_TOP, DONE, RULER_HEIGHT, ACCENT)
    for number, x in enumerate(range(LEFT, RIGHT + 1, TICKS_EVERY)):
        draw(x - 1, RULER_TOP + RULER_HEIGHT + 12, 3, 34 if number % 5 == 0 else 20, INK)
    draw(LEFT + GOAL - 3, RULER_TOP - 40, 6, RULER_HEIGHT + 86, INK)
    return _png(b"".join(b"\0" + row for row in rows))


def _png(pixels: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"PLTE", COLOURS), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)
