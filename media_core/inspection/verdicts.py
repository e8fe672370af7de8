"""What an inspection ends with when it does not end with a proof. Plain Python: the worker knows no Django."""

# What a file may have; docs/reference/limits.md names each.
MAX_PICTURE_BYTES = 200_000_000
MAX_PICTURE_PIXELS = 40_000_000
MAX_FRAMES = 1_000
# Of a progressive JPEG, each of which decodes all of it anew. Cameras and programs write ten.
MAX_SCANS = 100
MAX_ANIMATION_PIXELS = 400_000_000
MAX_PIECES = 100_000
MAX_ENTRIES = 10_000
MAX_UNPACKED_BYTES = 2_000_000_000
MAX_RATIO = 200
# Below this a ratio says nothing: a page of zeros is no bomb.
FREE_UNPACKED_BYTES = 10_000_000
MAX_MAIN_PART_BYTES = 1_000_000
# Of a processor, for one file.
CPU_SECONDS = 10
# What the worker says of a file.
PROVED, UNPROVED, OVER_LIMIT, CLEANED = "proved", "unproved", "over limit", "cleaned"


class Unproved(Exception):
    """The content is not what the name says; the message says what was seen."""


class OverLimit(Exception):
    """The content is beyond what may be looked at, so nobody can say what it is."""
