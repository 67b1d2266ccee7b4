# The long runs of the simulated disk, in slices: sourced by torture, never run.
#
# Figures 4, 5, 9 and 10: 100,000 cuts, 2,000 double cuts, 100 seeds of every kind of damage,
# 10,000 flipped bits. Each slice is one run of the tests with seeds of its own, at the lowest
# priority; what is done is kept in a file, and the next call goes on from there.

# kind, filter, variable, how many, how many a slice
crash_runs="cuts after.a.power.cut.at.any.point TAKT_CUTS 100000 2000
double-cuts power.goes.again.while TAKT_DOUBLE_CUTS 2000 100
damage damaged,.the.journal.opens TAKT_DAMAGE_SEEDS 100 5
flips one.flipped.bit.anywhere TAKT_FLIPS 10000 500"

crashes_done() { # kind
  awk -v kind="$1" '$1 == kind { sum += $2 } END { print sum + 0 }' "$root/crashes.txt"
}

# Slices in turn until the time is over or all is done.
simulated_crashes() { # seconds
  local began=$SECONDS kind filter variable whole slice first code=0 worked=true
  touch "$root/crashes.txt"
  echo "counting in $root/crashes.txt"
  (cd "$takt_root" && nice -n 19 swift build --build-tests >"$root/build.log" 2>&1) ||
    { tail -n 20 "$root/build.log"; return 1; }
  while "$worked" && [ $code -eq 0 ]; do
    worked=false
    while read -r kind filter variable whole slice; do
      first=$(crashes_done "$kind")
      [ "$first" -lt "$whole" ] || continue
      [ $((SECONDS - began)) -lt "$1" ] || break
      worked=true
      (cd "$takt_root" && env "$variable=$slice" "TAKT_FIRST_SEED=$first" nice -n 19 \
        swift test --skip-build --filter "$filter" </dev/null >"$root/slice.log" 2>&1)
      code=$?
      grep -q "Test run with [1-9][0-9]* test" "$root/slice.log" || code=1
      if [ $code -ne 0 ]; then
        echo "FAILED: $variable=$slice TAKT_FIRST_SEED=$first swift test --filter $filter"
        tail -n 40 "$root/slice.log"
        break
      fi
      echo "$kind $slice" >>"$root/crashes.txt"
    done <<<"$crash_runs"
  done
  while read -r kind filter variable whole slice; do
    echo "$kind: $(crashes_done "$kind") of $whole survived"
  done <<<"$crash_runs"
  return $code
}
