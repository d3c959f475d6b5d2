"""Exchange: lists of known hashes from files and other systems into a bank, and out of one.

`reading.read_contents` streams the contents of a CSV file, of JSON lines or of a plain list of
hashes and names every line at fault; `writing.write_contents` writes the same forms; `hma_server`
takes a bank over from a running HMA.
"""

__all__: list[str] = []
