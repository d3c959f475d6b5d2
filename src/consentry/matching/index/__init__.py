"""The index: every known hash within a distance of a given one, exactly, and never silently late."""

__all__: list[str] = []
