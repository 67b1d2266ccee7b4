# Shared by demo, e2e and torture: one simulated line, one receiver and one gateway on loopback.
# Sourced, never run. Needs $takt (the program) and $out (a directory). Where the receiver is
# elsewhere, $receiver_host is its address, and $near_side and $far_side are what starts a program
# on the gateway's and on the receiver's side.

# A TCP port that nobody listens on.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 20000))
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}

# Waits until a file holds a line that matches, or the process dies; says why when it does.
wait_for() { # file pattern pid what
  local tries=0
  until grep -q "$2" "$1" 2>/dev/null; do
    if ! kill -0 "$3" 2>/dev/null; then
      echo "$4 ended before it was ready:" >&2
      cat "$1" >&2
      return 1
    fi
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { echo "$4 is not ready after 30 s" >&2; cat "$1" >&2; return 1; }
    sleep 0.1
  done
}

# Keys, certificates and the configuration of a gateway that reads the simulated line.
prepare_line() {
  mkdir -p "$out/state"
  modbus_port=$(free_port)
  https_port=$(free_port)
  "$takt" keygen --key "$out/gateway.key" --jwks "$out/jwks.json" >"$out/keygen.log"
  "$takt" keygen --tls "$out/tls" --host "127.0.0.1,localhost${receiver_host:+,$receiver_host}" \
    >>"$out/keygen.log"
  "$takt" simulate --config --listen "127.0.0.1:$modbus_port" --machines "${machines:-3}" \
    >"$out/plant.json5"
  mkdir -p "$out/conf.d"
  mv "$out/plant.json5" "$out/conf.d/plant.json5"
  cat >"$out/takt.json5" <<CONFIG
// Written by the script that started this line; the machines are in conf.d/plant.json5.
{
  gateway: {
    name: "gw-demo",
    enterprise: "acme",
    site: "vienna",
    area: "stamping",
    line: "line1",
    timeZone: "Europe/Vienna",
    keyFile: "$out/gateway.key",
    stateDirectory: "$out/state",
    controlSocket: "$out/takt.sock",
  },
  uplinks: [
    {
      name: "mes",
      type: "https",
      url: "https://${receiver_host:-127.0.0.1}:$https_port/events",
      caFile: "$out/tls/ca.pem",
      backoff: { floor: "100ms", ceiling: "1s" },
    },
  ],
}
CONFIG
  "$takt" check --config "$out/takt.json5" >"$out/check.log" || { cat "$out/check.log"; return 1; }
}

start_plant() { # further options of takt simulate
  ${near_side:-} "$takt" simulate --listen "127.0.0.1:$modbus_port" --machines "${machines:-3}" \
    --truth "$out/truth.jsonl" "$@" 2>"$out/simulate.log" >&2 &
  plant_pid=$!
  wait_for "$out/simulate.log" "listening" "$plant_pid" "the simulated line"
}

start_receiver() { # further options of takt receive
  : >"$out/receive.err"
  ${far_side:-} "$takt" receive --listen "${receiver_host:-127.0.0.1}:$https_port" --certificate "$out/tls/server.pem" \
    --key "$out/tls/server.key" --jwks "$out/jwks.json" --out "$out/received.jsonl" "$@" \
    >>"$out/receive.log" 2>"$out/receive.err" &
  receiver_pid=$!
  wait_for "$out/receive.err" "listening" "$receiver_pid" "the receiver"
}

# Waits for the simulated line to end, and for the last counts: their window of 2 s has to end too.
await_plant() {
  wait "$plant_pid"
  sleep 4
}

start_gateway() {
  ${near_side:-} "$takt" run --config "$out/takt.json5" >>"$out/run.log" 2>&1 &
  gateway_pid=$!
}

# Waits until the gateway has nothing left to deliver.
wait_until_drained() { # seconds
  local tries=0
  until "$takt" status --socket "$out/takt.sock" --json >"$out/status.json" 2>/dev/null &&
    grep -q '"depth":0' "$out/status.json"; do
    tries=$((tries + 1))
    [ "$tries" -lt $(($1 * 5)) ] || { echo "the outbox did not drain in $1 s" >&2; return 1; }
    sleep 0.2
  done
}

# Ends a process and waits for it; its exit status is the result.
stop() { # pid
  kill -TERM "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}

# Ends whatever is still running when the script ends.
stop_line() {
  local pid
  for pid in "${gateway_pid:-}" "${receiver_pid:-}" "${plant_pid:-}"; do
    [ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null
  done
  wait 2>/dev/null
}
