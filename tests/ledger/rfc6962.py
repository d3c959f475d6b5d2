"""The definitions of RFC 6962, section 2.1, word for word and slow: what the log is tested against.

It is the recursion of the RFC itself; nothing of it is shared with consentry.ledger. An
implementation by other people is compared in test_independent.py.
"""

import functools
from hashlib import sha256


class Tree:
    """The leaves D[0:n] as data entries; MTH of a range is remembered."""

    def __init__(self, data):
        self.data = data
        self.mth = functools.cache(self._mth)

    def _mth(self, start, end):
        n = end - start
        if n == 0:
            return sha256(b"").digest()
        if n == 1:
            return sha256(b"\x00" + self.data[start]).digest()
        k = split(n)
        return sha256(b"\x01" + self.mth(start, start + k) + self.mth(start + k, end)).digest()

    def path(self, m, start, end):
        """PATH(m, D[start:end])."""
        n = end - start
        if n == 1:
            return []
        k = split(n)
        if m < k:
            return [*self.path(m, start, start + k), self.mth(start + k, end)]
        return [*self.path(m - k, start + k, end), self.mth(start, start + k)]

    def proof(self, m, end):
        """PROOF(m, D[0:end])."""
        return self._subproof(m, 0, end, whole=True)

    def _subproof(self, m, start, end, *, whole):
        n = end - start
        if m == n:
            return [] if whole else [self.mth(start, end)]
        k = split(n)
        if m <= k:
            rest = self._subproof(m, start, start + k, whole=whole)
            return [*rest, self.mth(start + k, end)]
        rest = self._subproof(m - k, start + k, end, whole=False)
        return [*rest, self.mth(start, start + k)]


def split(n):
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k
