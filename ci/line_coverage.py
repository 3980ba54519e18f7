#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Line coverage of source files, folder by folder, from what gcov measured; fails below a gate.

A folder is not allowed to hide behind another: each is gated for itself.  A .cc or .c file that no object was compiled
from counts as a failure, too.

A list of reasons (--reasons) says of functions why lines of them are not covered:
    KIND FUNCTION REASON...
`unreached` lines count as missed, and the reason is printed with them; functions of any other kind are left out of the
figures.  With a list, a missed line without a reason is a failure.
"""

import argparse
import collections
import dataclasses
import itertools
import json
import os
import pathlib
import subprocess
import sys

UNREACHED = "unreached"
TEST = "_test.cc"


@dataclasses.dataclass(frozen=True)
class Reason:
    kind: str
    text: str


@dataclasses.dataclass
class File:
    """What was executed of a source file: how often each line, and the function that a line is in."""

    counts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    functions: dict = dataclasses.field(default_factory=dict)

    def add(self, measured):
        for line in measured["lines"]:
            number = line["line_number"]
            self.counts[number] += line["count"]
            self.functions[number] = line.get("function_name", "")


def read_reasons(path):
    """Function to Reason."""
    reasons = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split(maxsplit=2)
        if len(words) < 3 or words[1] in reasons:
            sys.exit(f"{path}:{number}: not 'KIND FUNCTION REASON', or the function for the second time")
        reasons[words[1]] = Reason(words[0], words[2])
    return reasons


def run_gcov(objects):
    """What gcov says of every object, a few hundred at a time."""
    notes = sorted(str(path.resolve()) for path in objects.rglob("*.gcno"))
    if not notes:
        sys.exit(f"{objects}: nothing was compiled for coverage there")
    for start in range(0, len(notes), 200):
        command = ["gcov", "--json-format", "--stdout", *notes[start : start + 200]]
        output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        yield from (json.loads(line) for line in output.splitlines() if line.strip())


def measure(objects, wanted):
    """Path to File, for the paths wanted.  Objects of sources that are gone are passed over."""
    files, used = {}, set()
    for unit in run_gcov(objects):
        base = unit["current_working_directory"]
        paths = [os.path.realpath(os.path.join(base, entry["file"])) for entry in unit["files"]]
        if not all(map(os.path.exists, paths)):
            continue
        if TEST not in unit["data_file"]:
            used.update(paths)
        for path, entry in zip(paths, unit["files"]):
            if path in wanted:
                files.setdefault(path, File()).add(entry)
    return {path: file for path, file in files.items() if path in used}


def shown(path):
    """A path as one would type it at the top of the repository."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def ranges(numbers):
    """7, 8, 9, 12 is 7-9, 12."""
    parts = []
    for _, group in itertools.groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ", ".join(parts)


def print_missed(path, file, missed, reasons):
    """The missed lines of a file, by function where there are reasons.  Returns whether all have one."""
    if reasons is None:
        print(f"    {path}: {ranges(missed)}")
        return True
    explained = True
    for name, group in itertools.groupby(missed, lambda number: file.functions[number]):
        reason = reasons.get(name)
        explained = explained and reason is not None
        print(f"    {path}: {ranges(list(group))} ({name}): {reason.text if reason else 'NO REASON GIVEN'}")
    return explained


def print_left_out(files, reasons):
    by_kind = collections.defaultdict(list)
    known = {name for file in files.values() for name in file.functions.values()}
    for name, reason in reasons.items():
        if name not in known:
            print(f"    {name}: in the list of reasons, but not in these sources")
        elif reason.kind != UNREACHED:
            by_kind[reason.kind].append(name)
    for kind, names in by_kind.items():
        print(f"    left out, {kind}: {', '.join(names)}")


def report_folder(folder, paths, files, reasons, gate):
    """Prints a folder's figures and misses.  Returns whether it passes."""
    left_out = {name for name, reason in (reasons or {}).items() if reason.kind != UNREACHED}
    total, missed = 0, {}
    for path in paths:
        counted = [n for n, name in files[path].functions.items() if name not in left_out]
        total += len(counted)
        missed[path] = sorted(n for n in counted if files[path].counts[n] == 0)
    misses = sum(map(len, missed.values()))
    percent = 100 * (total - misses) / total if total else 100.0
    passed = percent >= gate
    print(f"{folder}: {percent:.2f} % of {total} lines, {misses} missed{'' if passed else f': BELOW {gate} %'}")
    for path, numbers in missed.items():
        if numbers and not print_missed(shown(path), files[path], numbers, reasons):
            passed = False
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=pathlib.Path, required=True, help="folder of the objects, with gcov's files")
    parser.add_argument("--gate", type=float, default=97, help="lines in percent (%(default)s)")
    parser.add_argument("--reasons", type=pathlib.Path, help="why lines are not covered")
    parser.add_argument("sources", nargs="+", type=pathlib.Path, metavar="FILE")
    request = parser.parse_args()

    wanted = {str(path.resolve()) for path in request.sources}
    files = measure(request.objects, wanted)
    reasons = read_reasons(request.reasons) if request.reasons else None
    passed = True
    for path in sorted(wanted - files.keys()):
        if path.endswith((".c", ".cc")):
            print(f"{shown(path)}: NOT COMPILED for coverage")
            passed = False
    for folder, paths in itertools.groupby(sorted(files, key=os.path.split), os.path.dirname):
        passed = report_folder(shown(folder), list(paths), files, reasons, request.gate) and passed
    if reasons:
        print_left_out(files, reasons)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
