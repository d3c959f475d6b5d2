"""From findings to an action: the taxonomy, the rules, and the floors that no rule can lower."""
