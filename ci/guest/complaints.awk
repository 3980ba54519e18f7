# SPDX-License-Identifier: MIT
# Prints what a kernel's log (dmesg) complains of, but for what Linux's e1000 (6.1) did to itself; then a line "excused N".
#
# That driver can wipe a frame from its ring: one that it sends while it resets the card, and has told the stack of.  The
# stack then waits for the end of bytes that no descriptor has, until the kernel says after 5 s that a queue timed out and
# has the card reset; or the driver reports a hang of a ring that it has left empty.  On QEMU's own card, too.
#
# A time-out is excused only where the device is known to have been done with all of it: for the last 4 s each line
# "queue: TDH TDT INTERRUPTS ..." that the session has written to the log has TDH = TDT, the same all along, and
# interrupts have come since, of which any makes the driver clean its ring.  A finished descriptor that is not marked so
# would have been reported as a hang with next_to_clean behind, which is never excused.

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
  interrupts[samples] = word[4]
  sample[samples++] = $0
  next
}

# Its lines follow; the last of those that count is next_to_clean.
/Detected Tx Unit Hang/ { hang = text; empty = 1; next }
hang && word[words - 1] == "TDH" { position = word[words] }
hang && word[words - 1] ~ /^(TDT|next_to_use|next_to_clean)$/ && word[words] != position { empty = 0 }
hang && word[words - 1] == "next_to_clean" {
  if (empty) ++excused; else print hang
  hang = ""
}

/NETDEV WATCHDOG/ {
  if (was_idle()) ++excused; else complain_of_queue()
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

function complain_of_queue(  i) {
  for (i = 0; i < samples; ++i)
    if (at[i] > time - 7) print sample[i]
  print
}
