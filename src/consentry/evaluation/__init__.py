"""Evaluation: how much the gates catch, how often they are wrong, and a report that says so."""
