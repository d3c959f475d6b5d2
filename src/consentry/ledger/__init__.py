"""The tamper-evident log: an RFC 6962 Merkle tree of salted commitments, in the formats of C2SP."""
