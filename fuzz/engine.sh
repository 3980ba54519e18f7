# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What a target's engine is told, wherever it runs; sourced.

# Far longer than any input takes, also on a slow machine: a model that does not come to an end is found by its budget of
# steps (fuzz/README.md), and is a failure with a name.  This is for a process that is dead.
seconds_until_dead=60

# corpus_of TARGET: its folder in corpus/fuzz.
corpus_of() { case $1 in e1000_*) echo e1000 ;; *) echo "$1" ;; esac; }
# max_len_of TARGET: bytes; more where an input is a file or a text.
max_len_of() { case $1 in e1000_* | virtio_net) echo 512 ;; *) echo 4096 ;; esac; }
# grammar_of TARGET: that of inputs of items, a custom mutator of AFL++'s; nothing: other inputs.
grammar_of() { case $1 in e1000_*) echo E1000Grammar ;; virtio_net) echo VirtioGrammar ;; esac; }

libfuzzer_options=(-timeout=$seconds_until_dead -entropic=0 -print_funcs=0)
afl_options=(-t ${seconds_until_dead}000 -m none)
