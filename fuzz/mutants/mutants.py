#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads lists of mutants, one a model (their format is described at their top), and

  write   makes one mutated source file of each, for CMake to build plugins from;
  names   prints their names;
  hunt    looks for each with `nicreplay diff` and prints the table of what was needed.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FIELDS = ("file", "origin", "trace", "opt")


@dataclasses.dataclass
class Mutant:
    """One small way in which a model is wrong."""

    name: str
    model: str
    options: str
    fields: dict
    old: list = dataclasses.field(default_factory=list)
    new: list = dataclasses.field(default_factory=list)

    def apply(self, source):
        """The source with the old lines replaced; indentation does not count."""
        lines = source.split("\n")
        bare = [line.strip() for line in lines]
        size = len(self.old)
        places = [i for i in range(len(bare) - size + 1) if bare[i : i + size] == self.old]
        if len(places) != 1:
            raise ValueError(
                f"{self.name}: its old lines occur {len(places)} times in {self.fields['file']}, "
                "not once; bring the mutant up to date"
            )
        first = places[0]
        indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
        lines[first : first + size] = [indent + line for line in self.new]
        return "\n".join(lines)


def parse(path):
    """The mutants of MODEL.mutants, in order."""
    mutants = []
    options = ""
    for number, line in enumerate(path.read_text().split("\n"), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith(("-", "+")):
            side = mutants[-1].old if text[0] == "-" else mutants[-1].new
            side.append(text[1:].strip())
            continue
        key, _, value = text.partition(":")
        value = value.strip()
        if key == "options" and not mutants:
            options = value
        elif key == "mutant":
            mutants.append(Mutant(value, path.stem, options, {}))
        elif key in FIELDS and mutants and key not in mutants[-1].fields:
            mutants[-1].fields[key] = value
        else:
            raise ValueError(f"{path}:{number}: '{text}' is no field of a mutant")
    return mutants


def parse_all(arguments):
    """The mutants of all lists that were asked for."""
    lists = arguments.list or sorted((ROOT / "fuzz/mutants").glob("*.mutants"))
    mutants = [mutant for path in lists for mutant in parse(path)]
    check(mutants)
    return mutants


def check(mutants):
    """Refuses mutants that lack something, or share a name."""
    names = [mutant.name for mutant in mutants]
    for mutant in mutants:
        if names.count(mutant.name) > 1:
            raise ValueError(f"{mutant.name}: two mutants of that name")
        if not mutant.old or mutant.old == mutant.new:
            raise ValueError(f"{mutant.name}: changes nothing")
        for field in ("file", "origin"):
            if field not in mutant.fields:
                raise ValueError(f"{mutant.name}: has no {field}")


def write(arguments):
    """NAME.cc of every mutant; files that would not change keep their time, those of former mutants go."""
    mutants = parse_all(arguments)
    names_now = {mutant.name for mutant in mutants}
    for path in list(arguments.out.glob("*.cc")) + list(arguments.out.glob("*.so")):
        if path.stem not in names_now:
            path.unlink()
    for mutant in mutants:
        source = (ROOT / mutant.fields["file"]).read_text()
        text = mutant.apply(source)
        # plugin.cc asks for them.
        for constant, value in (("kMutantName", mutant.name), ("kMutantModel", mutant.model)):
            text += f'\nextern const char* const {constant};\nconst char* const {constant} = "{value}";\n'
        path = arguments.out / f"{mutant.name}.cc"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def names(arguments):
    """One a line."""
    for mutant in parse_all(arguments):
        print(mutant.name)


def diff(arguments, mutant, operations):
    """What `nicreplay diff` says about a mutant."""
    command = [
        arguments.nicreplay, "diff", "--right", mutant.name,
        "--plugin", arguments.plugins / f"{mutant.name}.so", "--seed", str(arguments.seed),
        "--ops", str(operations), "--no-shrink", "--save", "", "--json", "--quiet",
    ]  # fmt: skip
    if mutant.options:
        command += ["--left-options", mutant.options, "--right-options", mutant.options]
    if "opt" in mutant.fields:
        # Short sessions: the reference of a contract is slower, and a device soon has all in it that it needs.
        command += ["--opt", mutant.fields["opt"], "--ops-per-seed", "100000"]
    else:
        command += ["--left", mutant.model]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{mutant.name}: {done.stderr.strip() or done.returncode}")
    return json.loads(done.stdout)


def row(arguments, mutant):
    """One row of the table, and whether the mutant was found."""
    report = diff(arguments, mutant, arguments.ops)
    found = report.get("divergence")
    needed = f"{report['operations']:,}" if found else f"not found in {report['operations']:,}"
    shown = f"{found['kind']}: {found['name']}" if found else ""
    cells = [mutant.name, mutant.fields["origin"], needed, shown]
    if "opt" in mutant.fields:
        cells.insert(1, mutant.fields["opt"])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |", bool(found)


def hunt(arguments):
    """The table of all mutants, or of those named."""
    chosen = [m for m in parse_all(arguments) if not arguments.names or m.name in arguments.names]
    unknown = set(arguments.names) - {mutant.name for mutant in chosen}
    if unknown:
        raise ValueError(f"no mutant {', '.join(sorted(unknown))}")
    opt, rule = (" opt |", "---|") if "opt" in chosen[0].fields else ("", "")
    print(f"| mutant |{opt} origin | operations needed | reported as |\n|---|{rule}---|---:|---|", flush=True)
    missed = 0
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for text, found in pool.map(lambda mutant: row(arguments, mutant), chosen):
            print(text, flush=True)
            missed += not found
    print(f"\n{len(chosen) - missed} of {len(chosen)} mutants found.")
    return 1 if missed else 0


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--list", type=pathlib.Path, action="append", help="one list of several (default: all)")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("write")
    command.add_argument("out", type=pathlib.Path)
    command.set_defaults(run=write)
    commands.add_parser("names").set_defaults(run=names)
    command = commands.add_parser("hunt")
    command.add_argument("--nicreplay", type=pathlib.Path, required=True)
    command.add_argument("--plugins", type=pathlib.Path, required=True)
    command.add_argument("--ops", type=int, default=20_000_000, help="operations at most, of each")
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--jobs", type=int, default=2)
    command.add_argument("names", nargs="*")
    command.set_defaults(run=hunt)
    arguments = parser.parse_args()
    try:
        return arguments.run(arguments)
    except (OSError, RuntimeError, ValueError) as error:
        print(f"mutants.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
