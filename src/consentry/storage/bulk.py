"""Many rows at once, handed to the driver as they are: half the time of an ordinary insert.

Values are those of the driver: text, numbers, bytes, None; no JSON and no moments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert

__all__ = ["insert_rows"]


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`, all with the same columns; none is no error."""
    if not rows:
        return
    keys = list(rows[0])
    compiled = insert(table).compile(dialect=connection.dialect, column_keys=keys)
    if compiled.positional:
        order = compiled.positiontup or keys
        values: Any = [tuple(row[key] for key in order) for row in rows]
    else:
        values = [dict(row) for row in rows]
    connection.exec_driver_sql(str(compiled), values)
