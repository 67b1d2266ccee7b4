# The part of torture with bad links: it needs root, network namespaces and nftables. Sourced by
# torture, never run; needs its functions and those of line.sh and disk.sh.
#
#   near (gateway and plant) ── veth ── far (receiver)
#
# The link between them is in turn half-open (packets vanish both ways), slow (32 kbit/s through
# tc's token bucket), lossy (30 % of the packets, by nftables), reset, and without a cable. netem,
# where the kernel has it, adds 100 ms of delay with jitter to the loss.

far_address=10.77.0.2

links_work() {
  local what
  [ "$(id -u)" -eq 0 ] || { left_out "links" "they need root"; return 1; }
  ensure_packages nftables iproute2
  for what in ip tc nft; do
    command -v "$what" >/dev/null 2>&1 || { left_out "links" "$what is not installed"; return 1; }
  done
  make_link 2>/dev/null || { remove_link; left_out "links" "no network namespaces here"; return 1; }
  remove_link
}

make_link() {
  near=takt-near-$$ far=takt-far-$$
  ip netns add "$near" && ip netns add "$far" &&
    ip link add takt-a netns "$near" type veth peer name takt-b netns "$far" &&
    ip -n "$near" addr add 10.77.0.1/24 dev takt-a && ip -n "$near" link set takt-a up &&
    ip -n "$far" addr add "$far_address/24" dev takt-b && ip -n "$far" link set takt-b up &&
    ip -n "$near" link set lo up && ip -n "$far" link set lo up && rules ""
}

remove_link() {
  [ -n "${near:-}" ] || return 0
  ip netns del "$near" 2>/dev/null
  ip netns del "$far" 2>/dev/null
  near="" far=""
}

# What befalls packets that come to the near side; "" for nothing. $2 is for those that leave.
rules() { # incoming [outgoing]
  ip netns exec "$near" nft -f - <<RULES
table inet takt
delete table inet takt
table inet takt {
  chain in { type filter hook input priority 0; ${1:+iifname takt-a $1;} }
  chain out { type filter hook output priority 0; ${2:+oifname takt-a $2;} }
}
RULES
}

# Lets a link be bad for a while, and sees that the gateway polls on and says so.
bad_link() { # name seconds
  local before after said=""
  before=$(polls_done)
  sleep "$2"
  after=$(polls_done)
  said=$(status_of '"lastError":"[^"]*uplink[^"]*"\|"depth":[1-9][0-9]*')
  kill -0 "$gateway_pid" 2>/dev/null || { fault_failed "$1: the gateway ended"; return 1; }
  [ "${after:-0}" -gt $((${before:-0} + $2)) ] ||
    fault_failed "$1: polled ${before:-0} to ${after:-0} times in $2 s"
  faults=$((faults + 1))
  echo "$1 for $2 s: polled $((${after:-0} - ${before:-0})) times, waiting ${said:-nothing}"
}

uplink_error() {
  status_of '"uplinks":.*' | grep -o '"lastError":"[^"]*"\|"state":"connecting"'
}

# A link that is gone is noticed within so many seconds: the courier says that something failed, or
# dials anew, which it does without a word when a connection ends that has worked before.
notice() { # name seconds
  local before began=$SECONDS
  before=$(uplink_error)
  until [ "$(uplink_error)" != "$before" ] || [ $((SECONDS - began)) -gt 40 ]; do sleep 0.2; done
  echo "$1: noticed after $((SECONDS - began)) s"
  [ $((SECONDS - began)) -le "$2" ] || fault_failed "$1: not noticed within $2 s"
}

link_round() { # seed
  local code
  make_link || { remove_link; bad=$((bad + 1)); return 1; }
  receiver_host=$far_address near_side="ip netns exec $near" far_side="ip netns exec $far"
  links_from "$1"
  code=$?
  unset receiver_host near_side far_side
  remove_link
  return $code
}

links_from() { # seed
  begin_round links "$1" 100 || { bad=$((bad + 1)); return 1; }
  echo "--- links $1: $machines machines, ${plant_options[*]}"
  begin_line || { bad=$((bad + 1)); return 1; }
  rules drop drop
  notice "half-open" 10
  bad_link "half-open" 8
  rules ""
  ip netns exec "$near" tc qdisc add dev takt-a root tbf rate 32kbit burst 3kb latency 2s
  bad_link "slow, 32 kbit/s" 10
  ip netns exec "$near" tc qdisc del dev takt-a root
  if ip netns exec "$near" tc qdisc add dev takt-a root netem delay 100ms 50ms 2>/dev/null; then
    echo "with netem: 100 ms and 50 ms of jitter"
  fi
  rules "numgen random mod 100 < 30 drop" "numgen random mod 100 < 30 drop"
  bad_link "lossy, 30 %" 12
  ip netns exec "$near" tc qdisc del dev takt-a root 2>/dev/null
  rules "" "meta l4proto tcp reject with tcp reset"
  bad_link "reset" 6
  rules ""
  ip -n "$far" link set takt-b down
  bad_link "without a cable" 8
  ip -n "$far" link set takt-b up
  end_round "scripts/torture --part links --round $1"
}
