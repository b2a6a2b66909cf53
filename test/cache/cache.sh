#!/bin/bash
# cache.sh PROBE - the cache on disk from process to process: where it is, what
# it saves, what happens when it can't be used.
set -u
probe=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset NEEDLE_CACHE XDG_CACHE_HOME NEEDLE_DUMP NEEDLE_CPU
export HOME=$work/home
mkdir home
failed=0

fail() { echo "FAIL: $*"; head -n 20 out err; failed=1; }
# run VARIABLE=VALUE... -- ARGUMENT...: the probe; what it says is in out, err.
run() {
  local settings=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do settings+=("$1"); shift; done
  shift
  timeout 120 env "${settings[@]}" "$probe" "$@" >out 2>err
}
said() { grep -qx "$1" out; }
warned() { grep -q 'warning.*cache' err; }
# cold TEXT, warm TEXT: what the last run was.
cold() {
  { said 'from disk 0' && said 'llvm loaded 1'; } || fail "$1: not compiled"
  same "$1"
}
warm() {
  { said 'from disk 1' && said 'kernels compiled 0' && said 'llvm loaded 0' &&
    [ ! -s err ]; } || fail "$1: not from the disk, or not quietly"
  same "$1"
}
same() {
  [ "$(grep -E '^(loss|ops|kernels|prepared|ir) ' out | grep -v compiled)" = \
    "$expected" ] || fail "$1: other results than without a cache"
}

run NEEDLE_CACHE=off -- || fail "off: exit status"
expected=$(grep -E '^(loss|ops|kernels|prepared|ir) ' out | grep -v compiled)
cold "off"
[ -z "$(ls -A home)" ] || fail "off: something was written"

# Where it is.
run -- && cold "first process"
[ "$(stat -c %a home/.cache/needle)" = 700 ] || fail "the folder is not private"
run -- && warm "next process"
run XDG_CACHE_HOME="$work/xdg" -- && cold "XDG_CACHE_HOME"
run XDG_CACHE_HOME="$work/xdg" -- && warm "XDG_CACHE_HOME"
[ -d xdg/needle ] || fail "XDG_CACHE_HOME: no folder"
run XDG_CACHE_HOME=relative -- && warm "a relative XDG_CACHE_HOME is ignored"
run NEEDLE_CACHE="$work/deep/er" -- && cold "NEEDLE_CACHE"
run NEEDLE_CACHE=deep/er -- && warm "a relative NEEDLE_CACHE"

# What belongs to a program: the CPU it is for, the compiler, the dump.
run NEEDLE_CPU=sse2 -- && expected=$(grep -E \
  '^(loss|ops|kernels|prepared|ir) ' out | grep -v compiled)
cold "another instruction set"
run NEEDLE_CPU=sse2 -- && warm "another instruction set"
run -- && expected=$(grep -E '^(loss|ops|kernels|prepared|ir) ' out |
  grep -v compiled)
warm "the first instruction set"
compiler=$(ldd "$probe" | awk '/libneedle\.so/ {print $3}' |
  sed 's/libneedle\.so/libneedle-compiler.so/')
run NEEDLE_COMPILER="$compiler" -- && cold "another compiler"
run NEEDLE_DUMP="$work/dump" -- && cold "a dump is compiled"
ls dump/000-*/traced.json >/dev/null || fail "a dump is written"
run -- 16 64 && warm "one batch size"
{ said 'second from disk 0' && said 'second kernels compiled 0'; } ||
  fail "another batch size after a hit compiles no kernel"
run -- 16 64 && said 'second from disk 1' || fail "both batch sizes are kept"
run NEEDLE_BACKEND=reference -- || fail "reference: exit status"
{ said 'from disk 0' && [ ! -s err ]; } || fail "reference: nothing to keep"

# Damage: a miss with one line of warning per entry, then as new.
damage() { # TEXT COMMAND...: the command is given each entry
  local text=$1 entry
  shift
  for entry in home/.cache/needle/*.entry; do "$@" "$entry"; done
  run -- && cold "$text"
  warned || fail "$text: no warning"
  [ "$(grep -vc 'warning.*cache' err)" = 0 ] || fail "$text: other lines"
  run -- && warm "$text: written anew"
}
flip() { python3 - "$1" <<'P'
import pathlib, random, sys
path = pathlib.Path(sys.argv[1])
data = bytearray(path.read_bytes())
data[random.randrange(len(data))] ^= random.randrange(1, 256)
path.write_bytes(data)
P
}
halve() { truncate -s $(($(stat -c %s "$1") / 2)) "$1"; }
empty() { : >"$1"; }
foreign() { echo 'not yours' >"$1"; }
for round in 1 2 3; do damage "a changed byte" flip; done
damage "half an entry" halve
damage "an empty entry" empty
damage "a foreign file" foreign

# A cache that can't be used is one warning, and nothing else.
one_warning() {
  [ "$(wc -l <err)" = 1 ] && warned || fail "$1: not one warning"
  cold "$1"
}
run -u HOME -- && one_warning "no home"
run HOME=/proc/nobody -- && one_warning "a home that isn't there"
run NEEDLE_CACHE=/dev/null/x -- && one_warning "a folder that can't be made"
mkdir -m 777 open
run NEEDLE_CACHE="$work/open" -- && one_warning "a folder for everybody"
for disposition in "trap '' XFSZ" :; do
  (eval "$disposition"; ulimit -f 0
   NEEDLE_CACHE="$work/full" timeout 120 "$probe" 2>&1) | cat >both
  grep -v warning both >out; grep warning both >err
  one_warning "a full disk"
done
[ -z "$(ls -A full)" ] || fail "a full disk: something is left"
run NEEDLE_LOG=off HOME=/proc/nobody -- && [ ! -s err ] ||
  fail "NEEDLE_LOG=off: not silent"

# Processes that write the same entries at once, and die.
for round in 1 2 3 4 5; do
  pids=()
  for i in 1 2 3 4; do
    NEEDLE_CACHE="$work/crowd" "$probe" >/dev/null 2>>crowd.err & pids+=($!)
  done
  sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
  kill -9 "${pids[0]}" "${pids[1]}" 2>/dev/null
  wait 2>/dev/null
done
run NEEDLE_CACHE="$work/crowd" -- && warm "a cache that writers died on"
[ ! -s crowd.err ] || { cat crowd.err; fail "writers at once: warnings"; }
[ $failed = 0 ] && echo "cache: fine"
exit $failed
