"""One file per model: find and verify its weights, run it: pixels in, numbers out."""
