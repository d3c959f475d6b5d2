"""Persons who are depicted: who enrolled, what they agreed to, and whether a face is theirs."""
