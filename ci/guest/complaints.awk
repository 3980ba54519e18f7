# SPDX-License-Identifier: MIT
# Prints what a kernel's log (dmesg) complains of, but for what Linux's e1000 (6.1) did to itself; then "excused N", how often.
#
# While that driver resets the card under traffic it can
# - wipe a frame from its ring that it has told the stack of.  The stack then waits for the end of bytes that no descriptor
#   has, until the kernel says after 5 s that a queue timed out and has the card reset; or the driver reports a hang of a
#   ring that it has left empty.  Seen on QEMU's own card, too.
# - leave the transmitter off, as its source reads: only its watchdog sets TCTL.EN, when it turns the carrier on.  Where it
#   does that in the middle of the reset, the carrier is on afterwards, so nobody sets TCTL.EN again until the next reset.
#
# The session writes lines "queue: TDH TDT TCTL.EN INTERRUPTS ..." to the log all the while.  A time-out is excused where
# in the last 4 s either all of them have TDH = TDT, the same all along, and interrupts have come since, of which any makes
# the driver clean its ring: the device was done with all of it.  (A finished descriptor that is not marked so would have
# been reported as a hang with next_to_clean behind.)  Or all of them have TCTL.EN = 0: the device was told not to send.
# A hang is excused where the ring was empty, or TCTL.EN was 0 for the last 2 s.

BEGIN { samples = 0 }

{
  time = $0
  sub(/^\[ */, "", time)
  time += 0
  text = $0
  sub(/^\[[^]]*\] /, "", text)
  words = split(text, word)
}

word[1] == "queue:" {
  at[samples] = time
  head[samples] = word[2]
  tail[samples] = word[3]
  enabled[samples] = word[4]
  interrupts[samples] = word[5]
  sample[samples++] = $0
  next
}

# Its lines follow; the last of those that count is next_to_clean.
/Detected Tx Unit Hang/ { hang = text; empty = 1; next }
hang && word[words - 1] == "TDH" { position = word[words] }
hang && word[words - 1] ~ /^(TDT|next_to_use|next_to_clean)$/ && word[words] != position { empty = 0 }
hang && word[words - 1] == "next_to_clean" {
  judge(empty || was_disabled(2, 1), hang)
  hang = ""
}

/NETDEV WATCHDOG/ {
  judge(was_idle() || was_disabled(4, 2), $0)
  next
}

# ACPI's interpreter has a limit of 30 s, which a guest can miss on a host that starves it, whatever its card.
/AE_AML_LOOP_TIMEOUT/ { next }
/WARNING|BUG|Hang|WATCHDOG|hung|Call Trace|rror/

END {
  if (hang) print hang
  print "excused " excused + 0
}

function was_idle(  i, last) {
  last = samples - 1
  for (i = last; i >= 0 && at[i] > time - 4; --i)
    if (head[i] != tail[i] || tail[i] != tail[last]) return 0
  return last - i >= 2 && interrupts[last] > interrupts[i + 1]
}

function was_disabled(seconds, least,  i) {
  for (i = samples - 1; i >= 0 && at[i] > time - seconds; --i)
    if (enabled[i] != 0) return 0
  return samples - 1 - i >= least
}

function judge(is_excused, complaint,  i) {
  if (is_excused) {
    if (!excused || time > last_excused + 10) ++excused
    last_excused = time
    return
  }
  for (i = 0; i < samples; ++i)
    if (at[i] > time - 7) print sample[i]
  print complaint
}
