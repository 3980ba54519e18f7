#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Follows a benchmark in a guest (ci/guest/sessions/bench) and samples the host at each mark.

Writes one JSON document: what was measured, and the conditions.
"""
import argparse
import json
import os
import socket
import sys
import time

COUNTERS = ("register-reads", "register-writes", "interrupts", "frames-out", "frames-in", "bytes-out",
            "bytes-in", "works", "works-late", "polls", "bursts", "send-failures")
TICKS = os.sysconf("SC_CLK_TCK")


class Monitor:
    """QEMU's monitor: enough to read properties of devices."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.run("qmp_capabilities")

    def run(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            reply = json.loads(self.file.readline() or '{"error": "gone"}')
            if "return" in reply or "error" in reply:
                return reply.get("return")


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def sample(monitor, pid, device):
    values = {"cpu": cpu_seconds(pid)}
    if device["counted"]:
        for name in COUNTERS:
            values[name] = monitor.run("qom-get", path=f"/machine/peripheral/{device['id']}",
                                       property=name)
    return values


def follow(path, alive, limit):
    """Lines of a growing file, until QEMU ends or the time is over."""
    end = time.monotonic() + limit
    with open(path, errors="replace") as console:
        partial = ""
        while time.monotonic() < end:
            text = console.readline()
            partial += text
            if partial.endswith("\n"):
                yield partial.strip()
                partial = ""
            elif not text:
                if not alive():
                    return
                time.sleep(0.005)
    sys.exit(f"measure: no end after {limit} s")


def is_alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def take(lines, monitor, pid, devices):
    results = []
    before = {}
    for line in lines:
        words = line.split()
        if len(words) < 5 or words[0] != "bench:":
            continue
        device = devices[int(words[3])]
        if words[1] == "begin":
            before = sample(monitor, pid, device)
            continue
        after = sample(monitor, pid, device)
        counted = {name: after[name] - before[name] for name in after}
        value = None if words[5] == "failed" else float(words[5])
        results.append({"round": int(words[2]), "device": device["name"], "test": words[4],
                        "value": value, "counted": counted})
        print(f"{words[2]} {device['name']:<24} {words[4]:<8} {words[5]}", file=sys.stderr)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--console", required=True)
    parser.add_argument("--monitor", required=True)
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--devices", required=True, help="JSON file")
    parser.add_argument("--conditions", required=True, help="JSON file")
    parser.add_argument("--limit", type=float, required=True, help="seconds")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    devices = json.load(open(arguments.devices))
    for _ in range(200):
        if os.path.exists(arguments.monitor):
            break
        time.sleep(0.05)
    monitor = Monitor(arguments.monitor)
    monitor.run("cont")
    lines = follow(arguments.console, lambda: is_alive(arguments.pid), arguments.limit)
    document = {"conditions": json.load(open(arguments.conditions)),
                "devices": [device["name"] for device in devices],
                "results": take(lines, monitor, arguments.pid, devices)}
    with open(arguments.out, "w") as out:
        json.dump(document, out, indent=1)


main()
