#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a fuzzer from an empty corpus and draws what it covered by which time; see ci/fuzz-curve."""
import argparse
import concurrent.futures
import html
import json
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

POINTS = (1, 2, 5, 10, 20, 30, 60, 120, 180, 300, 450, 600, 900, 1800, 3600)
# What a driver can reach: not what prints, parses options, is computed by the compiler or is the reference.
LEFT_OUT = re.compile(r"(_test\.cc|test_host\.h|/describe\w*\.(cc|h)|/fields\.h|/registers\.cc|/deferred\.(cc|h)|/settings\.(cc|h)|"
                      r"/switches\.(cc|h))$")
PROGRESS = re.compile(r"^#(\d+)\s+\w+\s+cov: (\d+)")
STYLE = "body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; color: #222 } svg text { font: 12px sans-serif }"


def fuzz(fuzzer, folder, seed, seconds):
    """One run of a command: (seconds, executions, edges) as it went, and when it began."""
    corpus = folder / f"corpus{seed}"
    corpus.mkdir(parents=True)
    command = [*fuzzer, f"-seed={seed}", f"-max_total_time={seconds}", "-reduce_inputs=0",
               f"-artifact_prefix={folder}/crash-{seed}-", corpus]
    began = time.time()
    progress = []
    with open(folder / f"log{seed}", "w", encoding="utf-8") as log, subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stderr:
            log.write(line)
            if match := PROGRESS.match(line):
                progress.append((time.time() - began, int(match[1]), int(match[2])))
    if process.returncode != 0:
        sys.exit(f"run {seed} found something: {folder}/log{seed}")
    return began, progress


class Lines:
    """Lines that inputs cover, added up."""

    def __init__(self, counter, folder):
        self.counter, self.folder = counter, folder
        self.covered, self.all = set(), set()

    def add(self, inputs):
        if not inputs:
            return
        raw, merged = self.folder / "lines.profraw", self.folder / "lines.profdata"
        for first in range(0, len(inputs), 500):
            subprocess.run([self.counter, *inputs[first:first + 500]], check=True, capture_output=True,
                           env=dict(os.environ, LLVM_PROFILE_FILE=str(raw)))
            subprocess.run(["llvm-profdata", "merge", "-o", merged, raw], check=True)
            exported = subprocess.run(["llvm-cov", "export", "--format=lcov", f"--instr-profile={merged}", self.counter],
                                      check=True, capture_output=True, text=True).stdout
            self.take(exported)

    def take(self, lcov):
        name = None
        for line in lcov.splitlines():
            if line.startswith("SF:"):
                _, found, rest = line.partition("/models/e1000/")
                name = "models/e1000/" + rest if found and not LEFT_OUT.search(line) else None
            elif line.startswith("DA:") and name:
                number, count = line[3:].split(",")[:2]
                self.all.add((name, int(number)))
                if count != "0":
                    self.covered.add((name, int(number)))

    def percent(self):
        return 100 * len(self.covered) / max(1, len(self.all))

    def missed(self):
        return [f"{name}:{number}" for name, number in sorted(self.all - self.covered)]


def measure(arguments, seed):
    """The points of one run."""
    folder = arguments.folder
    began, progress = fuzz([arguments.fuzzer, *arguments.options], folder, seed, arguments.seconds)
    files = sorted((path.stat().st_mtime - began, str(path)) for path in (folder / f"corpus{seed}").iterdir())
    (folder / f"lines{seed}").mkdir()
    lines = Lines(arguments.counter, folder / f"lines{seed}")
    points, done = [], 0
    for at in [point for point in POINTS if point < arguments.seconds] + [arguments.seconds]:
        last = at == arguments.seconds
        upto = len(files) if last else sum(1 for when, _ in files if when <= at)
        lines.add([path for _, path in files[done:upto]])
        done = max(done, upto)
        reached = [entry for entry in progress if last or entry[0] <= at] or [(0, 0, 0)]
        points.append({"seconds": at, "executions": reached[-1][1], "edges": max(entry[2] for entry in reached),
                       "lines": round(lines.percent(), 2)})
    return points, lines


def chart(runs, key, title):
    """Median as a line, smallest to largest around it; time is logarithmic."""
    width, height, left, below = 760, 260, 60, 30
    times = [point["seconds"] for point in runs[0]]
    top = 100 if key == "lines" else max(point[key] for run in runs for point in run) or 1
    across = lambda at: left + (width - left - 20) * math.log(at) / math.log(max(2, times[-1]))
    up = lambda value: height - below - (height - below - 20) * value / top
    spread = [sorted(run[i][key] for run in runs) for i in range(len(times))]
    path = lambda values: " ".join(f"{across(at):.1f},{up(value):.1f}" for at, value in zip(times, values))
    band = path([values[0] for values in spread]) + " " + " ".join(
        reversed(path([values[-1] for values in spread]).split()))
    out = [f'<h2>{html.escape(title)}</h2><svg width="{width}" height="{height}" role="img">',
           f'<polygon points="{band}" fill="#5b8db8" opacity=".3"/>',
           f'<polyline points="{path([statistics.median(values) for values in spread])}" fill="none" stroke="#1b4d78"/>']
    for at in times:
        out.append(f'<text x="{across(at):.1f}" y="{height - 10}" text-anchor="middle">{at}</text>')
    for part in (0, .5, 1):
        out.append(f'<text x="{left - 6}" y="{up(top * part) + 4:.1f}" text-anchor="end">{top * part:,.0f}</text>')
    return "\n".join(out + ["</svg>"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--fuzzer", "--counter", "--folder", "--corpus"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    parser.add_argument("--gate", type=float, required=True)
    parser.add_argument("options", nargs="*", help="the fuzzer's own, after --")
    arguments = parser.parse_args()
    arguments.fuzzer, arguments.counter = arguments.fuzzer.resolve(), arguments.counter.resolve()
    arguments.folder.mkdir(parents=True)

    shipped = Lines(arguments.counter, arguments.folder)
    shipped.add(sorted(str(path) for path in arguments.corpus.iterdir()))
    runs, ends = [], []
    with concurrent.futures.ThreadPoolExecutor(arguments.at_once) as pool:
        for points, lines in pool.map(lambda seed: measure(arguments, seed), range(1, arguments.runs + 1)):
            runs.append(points)
            ends.append(lines)
            print(f"run {len(runs)}: {points[-1]}", file=sys.stderr)
    document = {"runs": runs, "corpus": round(shipped.percent(), 2), "lines": len(shipped.all)}
    (arguments.folder / "curve.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (arguments.folder / "missed.txt").write_text("\n".join(ends[0].missed()) + "\n", encoding="utf-8")
    charts = [chart(runs, key, f"{key} by seconds") for key in ("lines", "edges", "executions")]
    (arguments.folder / "curve.html").write_text(
        f"<!doctype html><meta charset=utf-8><title>Fuzzing curve</title><style>{STYLE}</style>"
        f"<h1>e1000_stock_opt from an empty corpus, {arguments.runs} runs</h1>" + "\n".join(charts), encoding="utf-8")

    print("| seconds | executions | edges | lines |\n|---:|---:|---:|---:|")
    for i, point in enumerate(runs[0]):
        cells = []
        for key in ("executions", "edges", "lines"):
            values = sorted(run[i][key] for run in runs)
            cells.append(f"{statistics.median(values):,} ({values[0]:,}-{values[-1]:,})" + (" %" if key == "lines" else ""))
        print(f"| {point['seconds']} | " + " | ".join(cells) + " |")
    print(f"\nThe corpus covers {shipped.percent():.2f} % of {len(shipped.all)} lines.")
    return 0 if min([shipped.percent()] + [lines.percent() for lines in ends]) >= arguments.gate else 1


if __name__ == "__main__":
    sys.exit(main())
