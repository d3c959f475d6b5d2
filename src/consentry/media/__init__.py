"""Untrusted bytes in, `Picture`, `Clip` and `Prompt` out."""
