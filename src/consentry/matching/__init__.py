"""Matching: is this a copy of something that was removed?

`signals` turns pictures, files and frames into hashes; `index` finds every known hash within a
distance of a given one, exactly.
"""

__all__: list[str] = []
