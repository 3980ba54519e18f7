#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows the page of report.py to a browser: what it lays out, not what was written.

Exit code 77 without Chromium.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DEVICES = ["qemu-e1000", "a <device> & with a long name", "qemu-virtio-net", "failing"]
TESTS = {"tcp-tx": 1e3, "udp-tx": 1e7, "latency": 0.01}
# Of everything drawn: what it is, and whether it is seen and lies in its picture.
PROBE = """<script>addEventListener("load", () => {
  const out = [];
  for (const svg of document.querySelectorAll("svg")) {
    const frame = svg.getBoundingClientRect();
    for (const part of svg.querySelectorAll("rect, line, text")) {
      const box = part.getBoundingClientRect();
      out.push({kind: part.tagName, width: box.width, text: part.textContent,
                inside: box.left >= frame.left && box.right <= frame.right && box.bottom <= frame.bottom});
    }
  }
  const cells = [...document.querySelectorAll("tr")].map(row => row.cells.length);
  const failed = [...document.querySelectorAll("td")].filter(cell => cell.textContent.endsWith(", 1 failed")).length;
  document.body.innerHTML = "<pre>" + JSON.stringify({title: document.title, out, cells, failed}).replace(/[<&]/g,
    c => "&#" + c.charCodeAt(0) + ";") + "</pre>";
})</script>"""


def document():
    results = []
    for round_number in range(3):
        for i, device in enumerate(DEVICES):
            for test, scale in TESTS.items():
                lost = device == "failing" or (device == DEVICES[0] and round_number == 1)
                value = None if lost else scale * (i + 1) * (1 + round_number / 10)
                counted = {"cpu": 1.5, "frames-out": 10, "frames-in": 0, "register-reads": 3,
                           "register-writes": 4, "interrupts": 2}
                results.append({"round": round_number, "device": device, "test": test, "value": value,
                                "counted": counted})
    return {"conditions": {"cpu": "<none> & co"}, "devices": DEVICES, "results": results}


def laid_out(browser, folder):
    data = os.path.join(folder, "bench.json")
    page = os.path.join(folder, "bench.html")
    with open(data, "w") as out:
        json.dump(document(), out)
    subprocess.run([os.path.join(HERE, "report.py"), "--html", page, data], check=True,
                   stdout=subprocess.DEVNULL)
    with open(page) as got:
        text = got.read()
    with open(page, "w") as out:
        out.write(text.replace("</html>", PROBE + "</html>"))
    dom = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                          "--window-size=1200,2000", "--user-data-dir=" + os.path.join(folder, "profile"),
                          "--dump-dom", "file://" + page], check=True, capture_output=True, text=True).stdout
    found = re.search("<pre>(.*?)</pre>", dom, re.S)
    if not found:
        sys.exit("the page did not load:\n" + dom[:2000])
    unescaped = found.group(1).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return json.loads(unescaped)


def main():
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser:
        print("skipped: no chromium; apt-get install chromium")
        sys.exit(77)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        seen = laid_out(browser, folder)
    shown = len(DEVICES) - 1  # a device without a value has no row
    wrong = []
    if seen["title"] != "nicreplay: guests on each device":
        wrong.append(f"title {seen['title']!r}")
    for kind, count in (("rect", shown + 1), ("line", shown), ("text", 2 * shown)):  # a rect is the paper
        parts = [part for part in seen["out"] if part["kind"] == kind]
        if len(parts) != count * len(TESTS):
            wrong.append(f"{len(parts)} of {kind}")
        wrong += [f"not seen: {part}" for part in parts if part["width"] <= 0]
        wrong += [f"out of its picture: {part}" for part in parts if not part["inside"]]
    if sorted(set(seen["cells"])) != [8] or len(seen["cells"]) != (shown + 1) * len(TESTS):
        wrong.append(f"tables of {seen['cells']} cells")
    if seen["failed"] != len(TESTS):
        wrong.append(f"{seen['failed']} cells say that a round failed")
    names = {part["text"] for part in seen["out"]}
    wrong += [f"no {name!r}" for name in DEVICES[:shown] if name not in names]
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


main()
