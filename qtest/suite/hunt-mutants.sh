#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Shows that the suite fails where the device is wrong: runs it on every mutant of a model.
set -euo pipefail

usage="usage: hunt-mutants.sh SUITE FOLDER
Runs SUITE (nicreplay-suite) on each plugin of FOLDER (made by the target \"mutants\") and prints a table of the cases
that failed.  Exit codes: 0 all found but those that no driver can see, 1 otherwise, 2 trouble."
[ "${1-}" != --help ] || { echo "$usage"; exit 0; }
[ $# = 2 ] || { echo "$usage" >&2; exit 2; }
suite=$1
folder=$2

# Wrong only in the order of the writes of one access; or in what becomes of a frame that the next driver would not get
# anyway.
unseen=(dd-before-data dd-with-descriptor virtio-element-not-forgotten)

found=0
missed=()
echo "| mutant | cases that fail | the first |"
echo "|---|---:|---|"
for plugin in "$folder"/*.so; do
  name=$(basename "$plugin" .so)
  status=0
  output=$("$suite" --plugin "$plugin" --model "$name" --gtest_brief=1 2>&1) || status=$?
  if [ $status = 1 ]; then
    failed=$(sed -n 's|^\[  FAILED  \] [A-Za-z0-9]*/\([^/]*\)/.*(.* ms)$|\1|p' <<<"$output")
    # A case fails once, however many drivers it runs with.
    echo "| $name | $(sort -u <<<"$failed" | wc -l) | ${failed%%$'\n'*} |"
    found=$((found + 1))
  elif [ $status = 0 ]; then
    echo "| $name | 0 | |"
    [[ " ${unseen[*]} " == *" $name "* ]] || missed+=("$name")
  else
    printf '%s\n' "$output" | tail -5 >&2
    exit 2
  fi
done
[ $found -gt 0 ] || { echo "no mutants in $folder" >&2; exit 2; }
echo
echo "$found mutants found."
[ ${#missed[@]} = 0 ] || { echo "not found: ${missed[*]}" >&2; exit 1; }
