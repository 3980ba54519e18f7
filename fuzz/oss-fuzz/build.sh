#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the fuzz targets as OSS-Fuzz and ClusterFuzzLite want them: with their $CC, $CXX, $CFLAGS, $CXXFLAGS and
# $LIB_FUZZING_ENGINE, into $OUT, each with its seed corpus, dictionary and options.  ci/oss-fuzz-check runs it locally.
set -euo pipefail
: "${OUT:?}" "${LIB_FUZZING_ENGINE:=-fsanitize=fuzzer}" "${SANITIZER:=address}"
if [ "${1:-}" = --help ]; then
  echo "usage: OUT=DIR [CC=...] [CXX=...] [CFLAGS=...] [CXXFLAGS=...] [LIB_FUZZING_ENGINE=...] build.sh"
  exit 0
fi
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ -f "$source/CMakeLists.txt" ] || source=$(cd "$source/../.." && pwd)
[ -f "$source/CMakeLists.txt" ] || source=$SRC/nicreplay
. "$source/fuzz/engine.sh"
build=${WORK:-/tmp}/nicreplay-$SANITIZER

hooks=OFF
[ "${FUZZING_ENGINE:-libfuzzer}" != libfuzzer ] || hooks=ON
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=None -DNICREPLAY_FUZZ=ON -DNICREPLAY_FUZZ_FLAGS= \
  -DNICREPLAY_FUZZ_ENGINE="$LIB_FUZZING_ENGINE" -DNICREPLAY_FUZZ_HOOKS=$hooks >/dev/null
cmake --build "$build" --target fuzz_targets

for program in "$build"/*_fuzz; do
  name=$(basename "$program")
  target=${name%_fuzz}
  corpus=$(corpus_of "$target")
  # What `nicreplay fuzz dictionary` prints.
  [ ! -f "$source/corpus/fuzz/$corpus.dict" ] || cp "$source/corpus/fuzz/$corpus.dict" "$OUT/$name.dict"
  cp "$program" "$OUT/"
  (cd "$source/corpus/fuzz/$corpus" && zip -q -r - .) >"$OUT/${name}_seed_corpus.zip"
  {
    echo "[libfuzzer]"
    echo "max_len = $(max_len_of "$target")"
    echo "timeout = $seconds_until_dead"
    [ ! -f "$OUT/$name.dict" ] || echo "dict = $name.dict"
  } >"$OUT/$name.options"
done
