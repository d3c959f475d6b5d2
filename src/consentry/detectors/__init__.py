"""One file per detector: numbers in, findings out."""
