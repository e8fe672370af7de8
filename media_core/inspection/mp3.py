"""Proof of an MP3: its frames follow each other from the first one on."""

from typing import IO

from media_core.inspection.verdicts import Unproved

# By version and layer III: kbit/s of each index, Hz of each index, samples in a frame.
BIT_RATES = {
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
SAMPLE_RATES = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}
# So many that chance does not bring them together.
REQUIRED_FRAMES = 4
TAG_HEAD_BYTES = 10
# Writers fill up to here between the tag and the first frame.
MAX_PADDING = 4_096


def prove_mp3(file: IO[bytes]) -> None:
    """Raise Unproved for what does not begin with frames of MPEG layer III, one behind the other."""
    size, at = file.seek(0, 2), _find_first_frame(file)
    for number in range(REQUIRED_FRAMES):
        file.seek(at)
        length = compute_frame_bytes(file.read(4))
        if not length:
            raise Unproved("its frames do not follow each other")
        at += length
        if at >= size and number:
            # A sound that is shorter than that.
            break
    if at > size:
        raise Unproved("it ends too early")


def _find_first_frame(file: IO[bytes]) -> int:
    """Return where the first frame begins: behind an ID3v2 tag and its padding, if there is one."""
    file.seek(0)
    head = file.read(TAG_HEAD_BYTES)
    if not head.startswith(b"ID3"):
        return 0
    if len(head) < TAG_HEAD_BYTES:
        raise Unproved("it ends too early")
    parts = head[6:10]
    at = TAG_HEAD_BYTES + sum(
        part << shift for part, shift in zip(parts, (21, 14, 7, 0), strict=True)
    )
    file.seek(at)
    padding = file.read(MAX_PADDING)
    return at + len(padding) - len(padding.lstrip(b"\0"))


def compute_frame_bytes(header: bytes) -> int:
    """Return the length of the frame that begins with this header, 0 when it is none.

    >>> compute_frame_bytes(bytes.fromhex("fffb9064")), compute_frame_bytes(b"<scr")
    (417, 0)
    """
    word = int.from_bytes(header.ljust(4, b"\0"), "big")
    version, layer, bits, samples = word >> 19 & 3, word >> 17 & 3, word >> 12 & 15, word >> 10 & 3
    if word >> 21 != 0x7FF or version == 1 or layer != 1 or bits in {0, 15} or samples == 3:  # noqa: PLR2004 - the format's own
        return 0
    first = version == 3  # noqa: PLR2004 - MPEG 1
    rate = BIT_RATES[1 if first else 2][bits - 1] * 1000
    return (144 if first else 72) * rate // SAMPLE_RATES[version][samples] + (word >> 9 & 1)
