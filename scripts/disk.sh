# Parts of torture that need a file system of their own, on a loop device: they need root. Sourced
# by torture, never run; needs its functions and those of line.sh.
#
# The gateway's state is on an ext4 image; plant, receiver and their files are on the usual disk.
#   cuts       the power goes (the shutdown ioctl, without writing the file system's log) and the
#              gateway with it; the image is mounted again, which replays what was synced
#   stranger   somebody fills the disk, and eats what the gateway gives back, until he is gone
#   damaged    the gateway starts with a damaged journal and not one free byte to make a new one of
#   read-only  the file system meets an error and turns read-only while the gateway runs
#   dead       every call on the file system fails with an I/O error while the gateway runs
# After the last two the image is mounted anew beneath the running gateway.

# Whether a file system of our own can be made here; says why not.
disk_works() {
  local what
  [ "$(id -u)" -eq 0 ] || { left_out "disk" "it needs root"; return 1; }
  for what in mkfs.ext4 e2fsck python3 losetup; do
    command -v "$what" >/dev/null 2>&1 || { left_out "disk" "$what is not installed"; return 1; }
  done
  what=$root/trial
  mkdir -p "$what" && truncate -s 16M "$what.img" && mkfs.ext4 -q -F "$what.img" &&
    mount -o loop "$what.img" "$what" 2>/dev/null ||
    { left_out "disk" "a loop device cannot be mounted here"; return 1; }
  umount "$what"
  rm -rf "$what" "$what.img"
}

# Makes an image of so many megabytes. Nobody can make a journal where it is not mounted.
make_disk() {
  mkdir -p "$out/state" && truncate -s "$1M" "$out/disk.img" && mkfs.ext4 -q -F "$out/disk.img" &&
    chattr +i "$out/state" && mount_disk
}

# The image may have been left in any state: a mount replays its log, a check mends the rest. While
# some other mount namespace still holds the mount of before, a new one gives the dead file system
# once more: it counts only when something can be written.
mount_disk() {
  local tries=0
  while [ "$tries" -lt 100 ]; do
    e2fsck -p "$out/disk.img" >>"$out/fsck.log" 2>&1
    mount -o loop,noatime,errors=remount-ro "$out/disk.img" "$out/state" || return 1
    (: >"$out/state/alive") 2>/dev/null && return 0
    umount "$out/state"
    tries=$((tries + 1))
    sleep 0.2
  done
  echo "the dead file system is still mounted somewhere" >&2
  return 1
}

# Unmounts it once nobody holds it any more; a gateway lets go of files that fail.
leave_disk() {
  local tries=0
  until umount "$out/state" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { echo "the gateway holds on to a dead disk" >&2; return 1; }
    sleep 0.1
  done
}

remove_disk() {
  [ -n "${out:-}" ] && [ -e "$out/disk.img" ] || return 0
  umount "$out/state" 2>/dev/null || umount -l "$out/state" 2>/dev/null
  chattr -i "$out/state" 2>/dev/null
}

# Ends every call on the file system: EXT4_IOC_SHUTDOWN with NOLOGFLUSH. A process that is named is
# stopped in the same breath, as a power cut would: a sync that is under way while the file system's
# log is aborted may return as if it had worked (Linux 6.18), and nobody must hear of that.
shut_disk_down() { # [pid]
  python3 -c 'import fcntl, os, signal, struct, sys
place = os.open(sys.argv[1], os.O_RDONLY)
try:
    if len(sys.argv) > 2: os.kill(int(sys.argv[2]), signal.SIGSTOP)
except ProcessLookupError:
    pass
fcntl.ioctl(place, 0x8004587D, struct.pack("I", 2))' "$out/state" "$@"
}

# An error within the file system, as a bad sector makes one.
break_disk() {
  local device
  device=$(findmnt -n -o SOURCE "$out/state")
  echo 1 >"/sys/fs/ext4/$(basename "$device")/trigger_fs_error"
}

# A member of the status, "" when nobody answers: the first match of a pattern.
status_of() { # pattern
  "$takt" status --socket "$out/takt.sock" --json 2>/dev/null | grep -o "$1" | head -n 1
}

polls_done() { status_of '"polls":[0-9]*' | tr -dc 0-9; }

# While a fault lasts: the gateway lives, polls on, and says what is wrong. Counts what it saw.
watch_fault() { # seconds
  local before after tries=0
  before=$(polls_done)
  told=""
  while [ "$tries" -lt $(($1 * 5)) ]; do
    [ -n "$told" ] || told=$(status_of '"fault":"[^"]*"')
    [ -z "${during:-}" ] || $during
    sleep 0.2
    tries=$((tries + 1))
  done
  after=$(polls_done)
  kill -0 "$gateway_pid" 2>/dev/null || { fault_failed "the gateway ended"; return 1; }
  [ "${after:-0}" -gt $((${before:-0} + $1)) ] ||
    fault_failed "polled ${before:-0} to ${after:-0} times in $1 s"
  [ -n "$told" ] || fault_failed "the status names no fault of the journal"
}

# The journal works again within five seconds and by the same process, from now on.
watch_recovery() {
  local tries=0
  while [ -n "$(status_of '"fault":"[^"]*"')" ] || [ -z "$(polls_done)" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || { fault_failed "no recovery within 12 s"; return 1; }
    sleep 0.2
  done
  kill -0 "$gateway_pid" 2>/dev/null || fault_failed "the gateway ended"
  faults=$((faults + 1))
  echo "$1: polled on, told ${told:-nothing}, worked again after $((tries * 200)) ms"
}

fault_failed() {
  echo "FAILED: $1; files in $out"
  round_is_bad=1
}

# Takes whatever is free, again and again: what the gateway gives back is eaten, too.
eat() { cat /dev/zero >>"$out/state/stranger" 2>/dev/null; }

# One round of power cuts.
cut_round() { # seed cuts
  local number mounted=0
  begin_round cuts "$1" $(($2 * 22 / 10 + 34)) && make_disk 64 || { bad=$((bad + 1)); return 1; }
  echo "--- power cuts $1: $machines machines, ${plant_options[*]}"
  begin_line || { bad=$((bad + 1)); return 1; }
  for number in $(seq "$2"); do
    pause 100 1500
    shut_disk_down "$gateway_pid" && all_cuts=$((all_cuts + 1))
    { kill -KILL "$gateway_pid" && wait "$gateway_pid"; } 2>/dev/null
    leave_disk && mount_disk && mounted=$((mounted + 1))
    start_gateway
  done
  [ "$mounted" -eq "$2" ] || fault_failed "mounted again $mounted of $2 times"
  end_round "scripts/torture --part cuts --cuts $2 --round $1"
  number=$?
  remove_disk
  return $number
}

# All that the machines have made, as the gateway has decided.
pieces_decided() {
  "$takt" status --socket "$out/takt.sock" --json 2>/dev/null | grep -o '"goodTotal":[0-9]*' |
    tr -dc '0-9\n' | awk '{ sum += $1 } END { print sum + 0 }'
}

# The gateway starts with a damaged journal on a disk that is full: it goes on where the machines
# were and decides in memory, and salvages what proves itself as soon as there is room.
damage_on_full_disk() {
  local before after
  stop "$gateway_pid" || fault_failed "the gateway did not end in good order"
  rm -f "$out/state/journal.db.ballast"
  # Its header, and the first page of the refused events: nothing that was ever committed.
  for before in 0 5; do
    dd if=/dev/zero of="$out/state/journal.db" bs=4096 count=1 seek=$before conv=notrunc 2>/dev/null
  done
  # What the stranger gave back is free only when the file system has said so to its disk.
  eat
  sync -f "$out/state"
  eat
  start_gateway
  until [ -n "$(polls_done)" ] || ! kill -0 "$gateway_pid" 2>/dev/null; do sleep 0.2; done
  before=$(pieces_decided)
  during=eat
  watch_fault 20
  during=""
  after=$(pieces_decided)
  [ "$after" -gt "$before" ] ||
    fault_failed "on a full disk with a damaged journal nothing was decided: $before to $after pieces"
  ls "$out/state/" | grep -q salvage || fault_failed "there was room for a new journal"
  rm -f "$out/state/stranger"
  watch_recovery "damaged journal on a full disk, $((after - before)) pieces decided meanwhile"
  ls "$out/state/" | grep -q damaged || fault_failed "the damaged journal is not kept"
}

# One round of disks that fail beneath a running gateway.
disk_round() { # seed
  local during=""
  begin_round disk "$1" 150 && make_disk 24 || { bad=$((bad + 1)); return 1; }
  echo "--- disk $1: $machines machines, ${plant_options[*]}"
  begin_line || { bad=$((bad + 1)); return 1; }
  during=eat
  watch_fault 20
  during=""
  rm -f "$out/state/stranger"
  watch_recovery "disk filled by a stranger"
  # Once more with nobody who takes events, so that nothing can be deleted either.
  stop "$receiver_pid"
  receiver_pid=""
  during=eat
  watch_fault 20
  during=""
  rm -f "$out/state/stranger"
  watch_recovery "disk filled by a stranger, receiver away"
  damage_on_full_disk
  open_receiver "${receiver_options[@]}" || return 1
  break_disk
  watch_fault 8
  leave_disk && mount_disk
  watch_recovery "file system read-only"
  shut_disk_down
  watch_fault 8
  leave_disk && mount_disk
  watch_recovery "every call fails"
  end_round "scripts/torture --part disk --round $1"
  during=$?
  remove_disk
  return "$during"
}
