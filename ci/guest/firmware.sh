# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Running a firmware that boots over the network: sourced after ci/guest/host.sh.

# ipxe_rom e1000|virtio
ipxe_rom() { echo "/usr/lib/ipxe/qemu/pxe-$1.rom"; }
uboot_rom=/usr/lib/u-boot/qemu-x86_64/u-boot.rom
uboot_prompt=$'\n=> '
ovmf=/usr/share/OVMF
ovmf_loader=/usr/lib/ipxe/snponly.efi

# serve_files: sets tftp, the folder that QEMU's own network serves.
serve_files() {
  tftp=$guest_dir/tftp
  mkdir -p "$tftp"
  cp "$root/ci/guest/firmware/ipxe-tftp" "$ovmf_loader" "$tftp/"
  seq -f %07.0f 37500 >"$tftp/payload"  # 300000 bytes
}

# wire_to_tftp BOOTFILE
wire_to_tftp() { echo "user,id=wire,tftp=$tftp,bootfile=$1"; }

# boot_ipxe SESSION SECONDS QEMU-ARGUMENT...
# Like boot_guest.  iPXE polls the card as fast as it can, a hundred thousand reads for each second that it waits;
# instructions that take 256 ns of virtual time make that bearable, and nothing depends on the host's speed.
boot_ipxe() {
  local session=$1 seconds=$2
  shift 2
  console=$guest_dir/$session.console
  messages=$guest_dir/$session.messages
  : >"$console"
  start_qemu "$seconds" -accel tcg,thread=single -icount shift=8,sleep=off -rtc base=2026-01-01,clock=vm \
    -m 128 -machine graphics=off -boot order=n,reboot-timeout=1 -serial "file:$console" "$@"
  wait_for_qemu && grep -q "guest: session $session done" "$console" &&
    [ "$(grep -c "payload\.\.\. ok" "$console")" = 2 ]
}

# wait_for TEXT SECONDS: reads the serial console, from descriptor 4, until it shows the text.
wait_for() {
  local text=$1 seen= character end=$((SECONDS + $2))
  while [ $SECONDS -lt $end ]; do
    IFS= read -r -N 1 -t 1 -u 4 character || continue
    printf %s "$character" >>"$console"
    seen+=$character
    [ ${#seen} -lt 200 ] || seen=${seen: -100}
    [[ $seen != *"$text" ]] || return 0
  done 2>/dev/null
  echo "stopped: no '$text' within $2 s" >>"$messages"
  return 1
}

# type_lines PROMPT END: types what it reads, each line once there is a prompt, because a serial port holds 16 bytes.
type_lines() {
  local line
  while read -r line; do
    wait_for "$1" 60 || return
    printf '%s%s' "$line" "$2" >&3
  done
}

talk_to_uboot() {
  wait_for "stop autoboot" 60 || return
  echo >&3
  type_lines "$uboot_prompt" $'\n' < <(echo "setenv session $1"; sed '/^#/d' "$root/ci/guest/firmware/$1") || return
  wait_for "resetting ..." 20
}

# The loader would fetch itself again, were it not stopped.
talk_to_ovmf() {
  wait_for "Press Ctrl-B" 200 || return
  printf '\002' >&3
  type_lines "iPXE> " $'\r' < <(sed '/^#/d' "$root/ci/guest/firmware/$1")
}

# boot_talking TALK SESSION SECONDS QEMU-ARGUMENT...
# Boots a firmware that is talked to over the serial console, by TALK.
boot_talking() {
  local talk=$1 session=$2 seconds=$3 status=0
  shift 3
  console=$guest_dir/$session.console
  messages=$guest_dir/$session.messages
  : >"$console"
  wires=$(mktemp -d)
  mkfifo "$wires/serial.in" "$wires/serial.out"
  # Open at both ends, so that nobody waits for the other to open.
  exec 3<>"$wires/serial.in" 4<>"$wires/serial.out"
  # shellcheck disable=SC2046
  start_qemu "$seconds" $(accel_arguments "$accel") -m 512 \
    -chardev "pipe,id=serial,path=$wires/serial" -serial chardev:serial "$@"
  "$talk" "$session" || { status=1; kill "$qemu_pid" 2>/dev/null || true; }
  wait_for_qemu || status=1
  # What the firmware said last.
  timeout 1 cat <&4 >>"$console" || true
  exec 3>&- 4>&-
  [ $status = 0 ] && grep -q "guest: session $session done" "$console"
}

# boot_uboot SESSION SECONDS QEMU-ARGUMENT...
# Like boot_guest.
boot_uboot() {
  local checksum
  boot_talking talk_to_uboot "$@" -bios "$uboot_rom" || return
  checksum=$(python3 -c 'import sys, zlib; print(f"{zlib.crc32(sys.stdin.buffer.read()):08x}")' <"$tftp/payload")
  [ "$(grep -c "==> $checksum" "$console")" = 2 ]
}

# boot_ovmf SESSION SECONDS QEMU-ARGUMENT...
# Like boot_guest.
boot_ovmf() {
  cp "$ovmf/OVMF_VARS_4M.fd" "$guest_dir/ovmf-variables"
  boot_talking talk_to_ovmf "$@" -boot order=n \
    -drive "if=pflash,format=raw,readonly=on,file=$ovmf/OVMF_CODE_4M.fd" \
    -drive "if=pflash,format=raw,file=$guest_dir/ovmf-variables" &&
    [ "$(grep -c "payload\.\.\. ok" "$console")" = 2 ]
}
