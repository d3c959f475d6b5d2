"""`/h /m /c`: the contract of Hasher-Matcher-Actioner (HMA), so that its clients work unchanged.

Shapes, spellings and statuses are HMA's, as its public documentation and tests show them. Where
HMA would answer "no match" without having looked, this does not.
"""
