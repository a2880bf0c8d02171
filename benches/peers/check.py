"""Whether all systems gave the same answers.

    check.py REFERENCE OTHER...
    check.py levels REFERENCE COUNTED...

Every argument is a folder with one Parquet file, or folder of files, for each answer. Rows
are put in the order of their key; texts, days and integers must be the same, floats within
a billionth; columns that the reference lacks are left alone. Ends with 1 and says what
differs, and where first. With `levels` it is how far units came alone: of the one how many
came to each level, of the other the answers that say so.
"""

import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import job


def read(folder: str, answer: str) -> pa.Table:
    path = f"{folder}/{answer}.parquet"
    if not os.path.exists(path):
        path = f"{folder}/{answer}"
    table = pq.read_table(path, partitioning=None)
    # Lists are what a system keeps for itself: no answer has any.
    names = sorted(field.name for field in table.schema if not pa.types.is_list(field.type))
    plain = {name: plainly(table.column(name)) for name in names}
    table = pa.table(plain)
    return table.sort_by([(key, "ascending") for key in job.ANSWERS[answer]])


def plainly(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """One type for what systems write in several: text, day, 64-bit number."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return column.cast(pa.date32())
    return column.cast(pa.string())


def difference(reference: pa.Table, other: pa.Table) -> str | None:
    missing = set(reference.column_names) - set(other.column_names)
    if missing:
        return f"no column {', '.join(sorted(missing))}"
    if reference.num_rows != other.num_rows:
        return f"{other.num_rows} rows in place of {reference.num_rows}"
    for name in reference.column_names:
        left, right = reference.column(name), other.column(name)
        if left.type != right.type:
            return f"column {name} is {right.type} in place of {left.type}"
        if pa.types.is_floating(left.type):
            is_same = pa.array(
                np.isclose(left.to_numpy(), right.to_numpy(), rtol=1e-9, atol=1e-12, equal_nan=True)
            )
        else:
            either_null = pc.or_(left.is_null(), right.is_null())
            both_null = pc.and_(left.is_null(), right.is_null())
            equal = pc.fill_null(pc.equal(left, right), False)
            is_same = pc.or_(pc.and_(pc.invert(either_null), equal), both_null)
        if not pc.all(is_same).as_py():
            wrong = pc.index(is_same, False).as_py()
            return f"column {name}, row {wrong}: {right[wrong]} in place of {left[wrong]}"
    return None


def compare(reference: str, others: list[str], answers=tuple(job.ANSWERS)) -> list[str]:
    """What differs, one line each; nothing when all is the same."""
    found = []
    for answer in answers:
        expected = read(reference, answer)
        if expected.num_rows == 0:
            found.append(f"{reference}/{answer}: no rows to compare")
        for other in others:
            try:
                differs = difference(expected, read(other, answer))
            except (OSError, pa.ArrowException) as cause:
                differs = str(cause)
            if differs:
                found.append(f"{other}/{answer}: {differs}")
    return found


def compare_levels(reference: str, counted: list[str]) -> list[str]:
    """What differs in how many accounts and contacts came how far."""
    found = []
    for unit in ("account", "contact"):
        expected = read(reference, f"{unit}_funnel")
        for folder in counted:
            levels = pq.read_table(f"{folder}/{unit}_level.parquet").to_pylist()
            for number in range(1, len(job.STEPS) + 1):
                steps = pc.sum(expected.column(f"step_{number}")).as_py()
                came = sum(row["units"] for row in levels if row["level"] >= number)
                if came != steps:
                    found.append(f"{folder}/{unit}: {came} came to {number}, not {steps}")
    return found


def main() -> None:
    if sys.argv[1] == "levels":
        found = compare_levels(sys.argv[2], sys.argv[3:])
        print("\n".join(found) or "the levels agree")
    else:
        found = compare(sys.argv[1], sys.argv[2:])
        agreed = f"{len(job.ANSWERS)} answers of {len(sys.argv) - 1} systems agree"
        print("\n".join(found) or agreed)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
