"""What runs inside a decoder child, and nowhere else: untrusted bytes meet the codecs here.

The child loads this package without `consentry` itself, so that it stays small and starts fast.
"""
