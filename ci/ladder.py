#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns the JSON of `nicreplay bench` (standard input) into the README's ladder: how many times as fast as a base each
row is, a column for every workload and backend, as Markdown."""
import json
import sys


def cell(row, base):
    if "error" in row:
        return "failed"
    speedup = row.get("speedup", {}).get(base)
    if speedup is None:
        return "-"
    return f"{speedup['median']:.2f} ({speedup['min']:.2f}-{speedup['max']:.2f})"


def main():
    tables = json.load(sys.stdin)
    names = [row["row"] for row in tables[0]["rows"] if row["model"]]
    base = "qemu-e1000" if "qemu-e1000" in names else "e1000-stock"
    heads = [f"{table['workload']}, {table['backend']}" for table in tables]
    print("| row | " + " | ".join(heads) + " |")
    print("|---" * (len(heads) + 1) + "|")
    for name in names:
        cells = []
        for table in tables:
            row = next(row for row in table["rows"] if row["row"] == name)
            cells.append(cell(row, base))
        print(f"| {name} | " + " | ".join(cells) + " |")
    print(f"\nTimes as fast as {base} in the same repetition: median (min-max).")


if __name__ == "__main__":
    main()
