# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Running a guest from the host: sourced after ci/lib.sh.

guest_dir=$root/build/guest
nic_mac=52:54:00:12:34:56
peer_mac=52:54:00:12:34:57
# The other end of the wire is a second card of the same guest (ci/guest/session-lib), so nothing
# depends on the host's network and no privilege is needed.
wire_to_peer=(-netdev "hubport,id=wire,hubid=0" -netdev "hubport,id=far,hubid=0"
  -device "virtio-net-pci,netdev=far,mac=$peer_mac,romfile=")

# prepare_guest [MAKE-IMAGE-ARGUMENT...]: sets kernel and initramfs.
prepare_guest() {
  local paths
  paths=$("$root/ci/guest/make-image" "$@")
  { read -r kernel && read -r initramfs; } <<<"$paths"
}

qemu_pid=
wires=
stop_guest() {
  [ -z "$qemu_pid" ] || kill "$qemu_pid" 2>/dev/null || true
  [ -z "$wires" ] || rm -rf "$wires"
}
trap stop_guest EXIT
trap 'exit 1' INT TERM

# start_qemu SECONDS QEMU-ARGUMENT...: sets qemu_pid; needs qemu and messages, the file of QEMU's own messages.
start_qemu() {
  local seconds=$1
  shift
  setpriv --pdeathsig TERM timeout --foreground --kill-after=10 "$seconds" "$qemu" \
    -nodefaults -no-user-config -display none -no-reboot -L /usr/share/seabios -L /usr/share/qemu \
    -machine pc -smp 1 "$@" </dev/null >"$messages" 2>&1 &
  qemu_pid=$!
  qemu_seconds=$seconds
}

wait_for_qemu() {
  local status=0
  wait "$qemu_pid" || status=$?
  qemu_pid=
  [ -z "$wires" ] || rm -rf "$wires"
  wires=
  [ $status != 124 ] && [ $status != 137 ] || echo "stopped: no end after $qemu_seconds s" >>"$messages"
  # Two cards on one wire are what is meant.
  sed -i '/hub 0 is not connected to host network/d' "$messages"
  return $status
}

# boot_guest SESSION SECONDS QEMU-ARGUMENT...
# Needs qemu, accel, kernel and initramfs; guest_parameters are for the session.  Sets console, the file of the guest's serial console, and
# messages, that of QEMU's own.  Succeeds where the session says that it is done.
boot_guest() {
  local session=$1 seconds=$2
  console=$guest_dir/$1.console
  messages=$guest_dir/$1.messages
  shift 2
  # The guest's second serial port and QEMU's monitor are each other's ends.
  wires=$(mktemp -d)
  mkfifo "$wires/to-monitor" "$wires/to-guest"
  ln -s to-monitor "$wires/serial.out"
  ln -s to-guest "$wires/serial.in"
  ln -s to-monitor "$wires/monitor.in"
  ln -s to-guest "$wires/monitor.out"
  : >"$console"
  # shellcheck disable=SC2046
  start_qemu "$seconds" $(accel_arguments "$accel") -m 512 -kernel "$kernel" -initrd "$initramfs" \
    -append "console=ttyS0 panic=-1 softlockup_panic=1 no_timer_check session=$session ${guest_parameters:-}" \
    -serial "file:$console" \
    -chardev "pipe,id=serial,path=$wires/serial" -serial chardev:serial \
    -chardev "pipe,id=monitor,path=$wires/monitor" -mon chardev=monitor,mode=control \
    "$@"
  wait_for_qemu && grep -q "^guest: session $session done" "$console"
}

# The namespace and all in it end with this process; the script's own arguments follow.
enter_namespace() {
  local as_user=()
  [ "$(id -u)" = 0 ] || as_user=(--map-root-user)
  unshare "${as_user[@]}" --net true 2>/dev/null || return 0
  NICREPLAY_OWN_NETWORK=yes exec unshare "${as_user[@]}" --net "$0" "$@"
}

# add_tap NAME ADDRESS/BITS: a wire to this host.
add_tap() {
  ip link set lo up
  ip tuntap add dev "$1" mode tap vnet_hdr || return 1
  ip address add "$2" dev "$1"
  ip link set "$1" up
}

# serve_on_tap NAME: a wire to this host, with the services that the other end gives in ci/guest/session-lib.
serve_on_tap() {
  add_tap "$1" 10.0.0.1/24 || return 1
  ip address add fd00::1/64 dev "$1" nodad
  setpriv --pdeathsig KILL iperf3 --server >"$guest_dir/iperf3.log" 2>&1 &
  printf '%s\n' 'start 10.0.0.100' 'end 10.0.0.120' "interface $1" 'option subnet 255.255.255.0' \
    "lease_file $guest_dir/leases" "pidfile $guest_dir/udhcpd.pid" >"$guest_dir/udhcpd.conf"
  : >"$guest_dir/leases"
  setpriv --pdeathsig KILL busybox udhcpd -f "$guest_dir/udhcpd.conf" >"$guest_dir/udhcpd.log" 2>&1 &
}

# The last words of a guest that failed.
show_guest() {
  tail -n 30 "$console" >&2
  cat "$messages" >&2
}

accel_arguments() {
  case $1 in
    kvm) echo "-accel kvm -cpu host" ;;
    tcg) echo "-accel tcg,thread=multi -cpu max,erms=off" ;;
  esac
}

# Sets accel.  A KVM that exists need not work, so a guest is booted in it, once per boot of the host.
choose_accel() {
  local answer=$root/build/guest/accel boot
  boot=$(cat /proc/sys/kernel/random/boot_id)
  if ! grep -qs "^$boot" "$answer"; then
    accel=kvm
    { [ -w /dev/kvm ] && boot_guest probe 15; } || accel=tcg
    echo "$boot $accel" >"$answer"
  fi
  read -r _ accel <"$answer"
}
