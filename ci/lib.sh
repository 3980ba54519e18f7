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
