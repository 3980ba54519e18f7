# SPDX-License-Identifier: MIT
# Running a guest from the host: sourced by ci/record and ci/guest-test.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
guest_dir=$top/build/guest
NIC_MAC=52:54:00:12:34:56
PEER_MAC=52:54:00:12:34:57

say() { echo "${0##*/}: $*" >&2; }
fail() { say "$*"; exit 1; }

# Sets kernel and initramfs; arguments are make-image's.
prepare_guest() {
  local paths
  paths=$("$top/ci/guest/make-image" "$@")
  { read -r kernel && read -r initramfs; } <<<"$paths"
}

qemu_pid=
stop_guest() {
  [[ -z $qemu_pid ]] || kill "$qemu_pid" 2>/dev/null || true
}

# boot_guest SESSION SECONDS QEMU-ARGUMENT...
# Needs qemu, accel, kernel, initramfs.  The console is left in $guest_dir/SESSION.console; succeeds
# where the session said that it is done.
boot_guest() {
  local session=$1 seconds=$2 console=$guest_dir/$1.console wires status=0
  shift 2
  # The guest's second serial port and QEMU's monitor are each other's ends.
  wires=$(mktemp -d)
  mkfifo "$wires/to-monitor" "$wires/to-guest"
  ln -s to-monitor "$wires/serial.out"
  ln -s to-guest "$wires/serial.in"
  ln -s to-monitor "$wires/monitor.in"
  ln -s to-guest "$wires/monitor.out"
  : >"$console"
  setpriv --pdeathsig TERM timeout --foreground --kill-after=10 "$seconds" "$qemu" \
    -nodefaults -no-user-config -display none -no-reboot -L /usr/share/seabios -L /usr/share/qemu \
    -machine pc $(accel_arguments "$accel") -smp 1 -m 512 \
    -kernel "$kernel" -initrd "$initramfs" -append "console=ttyS0 panic=-1 softlockup_panic=1 session=$session" \
    -serial "file:$console" \
    -chardev "pipe,id=serial,path=$wires/serial" -serial chardev:serial \
    -chardev "pipe,id=monitor,path=$wires/monitor" -mon chardev=monitor,mode=control \
    "$@" </dev/null >"$console.qemu" 2>&1 &
  qemu_pid=$!
  wait "$qemu_pid" || status=$?
  qemu_pid=
  rm -rf "$wires"
  if [[ $status -eq 124 || $status -eq 137 ]]; then
    echo "${0##*/}: no end after $seconds s" >>"$console.qemu"
  fi
  [[ $status -eq 0 ]] && grep -q "^guest: session $session done" "$console"
}

# show_console SESSION: for the user, after a failure.
show_console() {
  tail -n 30 "$guest_dir/$1.console" "$guest_dir/$1.console.qemu" >&2
}

accel_arguments() {
  case $1 in
    kvm) echo "-accel kvm -cpu host" ;;
    tcg) echo "-accel tcg,thread=multi -cpu max" ;;
  esac
}

# Sets accel: a KVM that exists need not work, so a guest is booted in it, once per boot of the host.
choose_accel() {
  local answer=$guest_dir/accel boot
  boot=$(cat /proc/sys/kernel/random/boot_id)
  if ! grep -qs "^$boot" "$answer"; then
    accel=kvm
    if ! { [[ -w /dev/kvm ]] && boot_guest probe 15; }; then
      accel=tcg
    fi
    echo "$boot $accel" >"$answer"
  fi
  read -r _ accel <"$answer"
}
