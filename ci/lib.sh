# SPDX-License-Identifier: MIT
# Shared by the scripts of this folder; source it, do not run it.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*" >&2; }
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 2
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "'$*' must be run by root; run this script as root, or install sudo"
  fi
}

# install_packages FILE...: the Debian packages that the files list, those that are missing.
install_packages() {
  local missing
  missing=$(sed -e 's/#.*//' "$@" | xargs -n1 | sort -u | while read -r package; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || echo "$package"
  done)
  [ -n "$missing" ] || return 0
  say "installing" $missing
  as_root apt-get update -qq
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing \
    >"$root/build/apt.log" 2>&1 || { tail -20 "$root/build/apt.log" >&2; die "apt-get failed"; }
}

# write_apt_sources FOLDER TYPE [SUITE]: the machine's own package sources, both notations of apt, asked for TYPE (deb or
# deb-src).  With SUITE only those of this Debian release, asked for that suite instead.
write_apt_sources() {
  local folder=$1 type=$2 suite=${3-} codename='' file
  [ -z "$suite" ] || codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mkdir -p "$folder"
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || awk -v type="$type" -v from="$codename" -v to="$suite" 'BEGIN { RS = ""; ORS = "\n\n" }
      from != "" && $0 !~ "Suites:[^\n]* " from "( |\n|$)" { next }
      from != "" { sub(/Suites:[^\n]*/, "Suites: " to) }
      { sub(/Types:[^\n]*/, "Types: " type); print }' "$file" >"$folder/${file##*/}"
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ ! -e "$file" ] || sed -n "s/^[[:space:]]*deb[[:space:]]\(.*\)${codename:+ $codename }/$type \1${suite:+ $suite }/p" \
      "$file" >"$folder/${file##*/}.list"
  done
}

# private_apt FOLDER TYPE [SUITE]: an apt of its own in FOLDER with these sources and up-to-date lists; the machine's own
# is not touched.  Sets apt_options for apt-get and apt-cache.  A source that cannot be read is passed over: what counts
# is whether a package is found.
private_apt() {
  rm -rf "$1"
  mkdir -p "$1/lists/partial"
  write_apt_sources "$1/sources" "${@:2}"
  apt_options=(-o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$1/sources" -o Dir::State::Lists="$1/lists"
    -o APT::Sandbox::User="$(id -un)" -o pkgCacheFile= -o srcpkgCacheFile=)
  apt-get "${apt_options[@]}" update >"$1/update.log" 2>&1 || true
}

# build PRESET [TARGET...]: builds what changed.  Configures every time, which is quick, because what there is to build
# depends on whether QEMU's source is there.
build() {
  local preset=$1
  shift
  (cd "$root" && cmake --preset "$preset" >"$root/build/$preset.log" 2>&1) ||
    { tail -20 "$root/build/$preset.log" >&2; die "cmake --preset $preset failed"; }
  say "building $preset"
  local args=()
  [ $# = 0 ] || args=(--target "$@")
  cmake --build "$root/build/$preset" "${args[@]}" >"$root/build/$preset.log" 2>&1 ||
    { grep -vE '^\[[0-9]+/[0-9]+\]' "$root/build/$preset.log" | tail -60 >&2; die "building $preset failed"; }
}

mkdir -p "$root/build"

# with_afl [NAME=VALUE...] COMMAND...: a command of AFL++ in an environment that asks nothing of the machine.
with_afl() {
  env AFL_QUIET=1 AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_TRY_AFFINITY=1 \
    ASAN_OPTIONS=abort_on_error=1:symbolize=0:detect_leaks=0 "$@"
}
