"""Consentry: a safeguard layer between people and AI image generators."""

__version__ = "0.1.0"
