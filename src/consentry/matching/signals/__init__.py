"""Signals: hashes of content, and the contract that each kind of them fulfils."""

__all__: list[str] = []
