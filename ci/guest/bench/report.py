#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A page (static HTML with SVG) and tables of what ci/guest-bench measured."""
import argparse
import html
import json
import os
import statistics

UNITS = {"tcp-tx": ("TCP transmit", "Mbit/s"), "tcp-rx": ("TCP receive", "Mbit/s"),
         "udp-tx": ("UDP 64 B transmit", "packets/s"), "udp-rx": ("UDP 64 B receive", "packets/s"),
         "latency": ("request and response", "us")}
STYLE = """body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse } td, th { padding: .2em .8em; text-align: right; border-bottom: 1px solid #ddd }
td:first-child, th:first-child { text-align: left } h2 { margin-top: 2em }"""


class Series:
    """The values of one device in one test, by round."""

    def __init__(self, document, device, test):
        all_rows = [row for row in document["results"] if row["device"] == device and row["test"] == test]
        rows = [row for row in all_rows if row["value"] is not None]
        failed = len(all_rows) - len(rows)
        self.failed = f", {failed} failed" if failed else ""
        self.values = {row["round"]: row["value"] for row in rows}
        self.counted = [row["counted"] for row in rows]

    def __bool__(self):
        return bool(self.values)

    def spread(self):
        values = sorted(self.values.values())
        return values[0], statistics.median(values), values[-1]

    def ratio(self, other):
        """Median of the ratios within each round: the machine drifts from round to round."""
        both = [self.values[key] / other.values[key] for key in self.values
                if other.values.get(key)]
        return statistics.median(both) if both else None

    def each(self, numerators, denominators):
        """Median over the rounds of one counter a unit of another; None: not counted."""
        found = []
        for row in self.counted:
            if all(name in row for name in numerators + denominators):
                below = sum(row[name] for name in denominators)
                if below:
                    found.append(sum(row[name] for name in numerators) / below)
        return statistics.median(found) if found else None

    def cpu(self):
        return statistics.median(row["cpu"] for row in self.counted)


def bars(rows, unit):
    """Median as a bar, smallest to largest as a line over it."""
    width, left, line = 820, 220, 26
    top = max(high for _, (_, _, high) in rows) or 1
    scale = (width - left - 170) / top  # the value is written behind the longest
    height = line * len(rows) + 10
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" '
           'font-family="sans-serif" font-size="13">'
           f'<rect width="{width}" height="{height}" fill="white"/>']
    for i, (name, (low, median, high)) in enumerate(rows):
        y = i * line + 4
        middle = y + line / 2 - 2
        out.append(f'<text x="{left - 8}" y="{y + 15}" text-anchor="end">{html.escape(name)}</text>'
                   f'<rect x="{left}" y="{y}" width="{median * scale:.1f}" height="{line - 8}" fill="#5b8db8"/>'
                   f'<line x1="{left + low * scale:.1f}" x2="{left + high * scale:.1f}" y1="{middle}" '
                   f'y2="{middle}" stroke="#222"/>'
                   f'<text x="{left + high * scale + 8:.1f}" y="{y + 15}">{median:,.0f} {unit}</text>')
    out.append("</svg>")
    return "\n".join(out)


def number(value, digits=2):
    return "" if value is None else f"{value:.{digits}f}"


def table(document, test, base, rival):
    """Rows of text: device, median, spread, ratios, what it cost."""
    rows = []
    references = [Series(document, name, test) for name in (base, rival)]
    for device in document["devices"]:
        series = Series(document, device, test)
        if not series:
            continue
        low, median, high = series.spread()
        frames = ["frames-out", "frames-in"]
        rows.append([device, f"{median:,.0f}", f"{low:,.0f} to {high:,.0f}{series.failed}",
                     *(number(series.ratio(other)) for other in references),
                     number(series.each(["register-reads", "register-writes"], frames), 3),
                     number(series.each(["interrupts"], frames), 3), number(series.cpu(), 1)])
    return rows


HEAD = ["device", "median", "spread", "of {base}", "of {rival}", "exits a frame", "interrupts a frame", "CPU s"]


def spreads(document, test):
    """Name and spread of each device that has values."""
    return [(device, series.spread()) for device in document["devices"]
            if (series := Series(document, device, test))]


def page(document, base, rival):
    tests = [test for test in UNITS if any(row["test"] == test for row in document["results"])]
    conditions = "; ".join(f"{key}: {value}" for key, value in document["conditions"].items())
    out = ['<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>nicreplay: guests on each device</title>',
           f"<style>{STYLE}</style><h1>A guest on each device</h1><p>{html.escape(conditions)}</p>",
           "<p>Bars are medians, lines go from the smallest to the largest round. Ratios are medians of the "
           "ratios within each round. Frames are counted at the device: a super-frame is one. CPU is that of "
           "the whole QEMU process while the test ran.</p>"]
    for test in tests:
        title, unit = UNITS[test]
        rows = spreads(document, test)
        if not rows:
            continue
        out.append(f"<h2>{title}</h2>{bars(rows, unit)}<table><tr>")
        out.extend(f"<th>{html.escape(cell.format(base=base, rival=rival))}</th>" for cell in HEAD)
        out.append("</tr>")
        for row in table(document, test, base, rival):
            out.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>")
        out.append("</table>")
    return "\n".join(out) + "</html>\n"


def text(document, base, rival):
    out = []
    for test, (title, unit) in UNITS.items():
        rows = table(document, test, base, rival)
        if not rows:
            continue
        cells = [[cell.format(base=base, rival=rival) for cell in HEAD]] + rows
        widths = [max(len(row[i]) for row in cells) for i in range(len(HEAD))]
        out.append(f"\n{title}, {unit}")
        for row in cells:
            out.append("  " + "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                                        for i, (cell, width) in enumerate(zip(row, widths))))
    return "\n".join(out)


def markdown(document, base, rival):
    """One table, a row a device: median (least to most), times the base, times the rival."""
    tests = [test for test in UNITS if spreads(document, test)]
    heads = [f"{UNITS[test][0]}, {UNITS[test][1]} | of {base} | of {rival}" for test in tests]
    out = ["| device | " + " | ".join(heads) + " |", "|---" + "|---:" * (3 * len(tests)) + "|"]
    for device in document["devices"]:
        cells = [device]
        for test in tests:
            series = Series(document, device, test)
            if not series:
                cells += ["failed", "", ""]
                continue
            low, median, high = series.spread()
            cells += [f"{median:,.0f} ({low:,.0f}-{high:,.0f}{series.failed})",
                      *(number(series.ratio(Series(document, other, test))) for other in (base, rival))]
        out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("json")
    parser.add_argument("--html", help="writes the page")
    parser.add_argument("--markdown", action="store_true", help="prints one table, as Markdown")
    parser.add_argument("--pictures", metavar="FOLDER", help="writes an SVG for each test")
    parser.add_argument("--base", default="qemu-e1000")
    parser.add_argument("--rival", default="qemu-virtio-net")
    arguments = parser.parse_args()
    document = json.load(open(arguments.json))
    if arguments.html:
        with open(arguments.html, "w") as out:
            out.write(page(document, arguments.base, arguments.rival))
    if arguments.pictures:
        for test, (_, unit) in UNITS.items():
            if rows := spreads(document, test):
                with open(os.path.join(arguments.pictures, f"{test}.svg"), "w") as out:
                    out.write(bars(rows, unit) + "\n")
    write = markdown if arguments.markdown else text
    print(write(document, arguments.base, arguments.rival))


main()
