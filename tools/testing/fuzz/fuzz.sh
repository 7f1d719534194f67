#!/bin/bash
# Builds the fuzz targets with clang (preset fuzz: ASan, UBSan, libFuzzer) and runs them, one after the other.
#
# usage: tools/testing/fuzz/fuzz.sh [RUNS [TARGET...]]
#   RUNS    executions of each target; default 1000000
#   TARGET  parse, load, run, operators; default: all
#
# Begins with what make_malformed.py writes and with what earlier runs found (build-fuzz/corpus). An input may take 10 seconds
# and 1 GB. A finding ends its target: the input stands in build-fuzz/findings, and build-fuzz/tests/fuzz_TARGET FILE repeats
# it. Prints one line for each target; exit code 1 where there is a finding.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../../.."

runs=${1:-1000000}
targets=("${@:2}")
[ ${#targets[@]} = 0 ] && targets=(parse load run operators)
[[ $runs =~ ^[0-9]+$ ]] || { sed -n '4,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
python=$(dirname "$(./setup --third-party-path)")/python/bin
PATH=$python:$PATH
most_bytes=4000

cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}" tenon_reference
seeds=$PWD/build-fuzz/seeds
python tools/testing/malformed/make_malformed.py "$seeds" --count 2000
find "$seeds" -name '*.onnx' -size +$((most_bytes - 1))c -delete
mkdir -p build-fuzz/findings

export TENON_FUZZ_FOLDER=$seeds
# Without stacks of allocations and without filling them it is a third faster; a finding is repeated with all.
export ASAN_OPTIONS=quarantine_size_mb=64:detect_odr_violation=0:malloc_context_size=1:max_malloc_fill_size=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
failed=0
for target in "${targets[@]}"; do
  corpus=build-fuzz/corpus/$target
  log=build-fuzz/fuzz_$target.log
  mkdir -p "$corpus"
  begin=$SECONDS
  result="no finding"
  options=(-max_len=$most_bytes -dict=tools/testing/fuzz/onnx.dict "$corpus" "$seeds")
  [ "$target" = operators ] && options=(-max_len=400 -len_control=0 "$corpus")
  # Entropic scheduling costs more than twice what Tenon does.
  build-fuzz/tests/fuzz_"$target" -entropic=0 -runs="$runs" -seed=1 -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 \
    -artifact_prefix=build-fuzz/findings/"$target"- "${options[@]}" >"$log" 2>&1 || {
    result="FINDING: $(grep -m1 -E 'SUMMARY|runtime error|a status that|ERROR' "$log" || true)"
    failed=1
  }
  done=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  printf '%-9s %9s executions in %5s s, coverage %6s, %s\n' "$target" "${done:-?}" $((SECONDS - begin)) \
    "$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)" "$result"
done
exit $failed
