#!/bin/bash
# examples.sh BIN DATA - the programs of frontend/examples say what they should,
# and the tools read what they dump.
set -u
bin=$1 data=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

# says TEXT PATTERN COMMAND...: exit status 0 and a line that matches.
says() {
  local text=$1 pattern=$2
  shift 2
  if ! timeout 300 "$@" >out 2>&1 || ! grep -qE "$pattern" out; then
    echo "FAIL: $text"; head -n 20 out; failed=1
  fi
}
# refuses TEXT PATTERN COMMAND...: exit status 1 and one line that matches.
refuses() {
  local text=$1 pattern=$2
  shift 2
  timeout 60 "$@" >out 2>&1
  if [ $? != 1 ] || [ "$(wc -l <out)" != 1 ] || ! grep -qE "$pattern" out; then
    echo "FAIL: $text"; head -n 20 out; failed=1
  fi
}

says "tensors: error with the user's line" \
  'tensors\.cpp:33: matmul: inner dimensions differ.*\[2, 3\].*\[4, 5\]' \
  "$bin/tensors"
# sqrt(3) - 0.5, ...: softmax and the corner computed with NumPy.
says "tensors: values" '^0\.1114[0-9]+ 7\.7679[0-9]*$' "$bin/tensors"
says "gradients: error names op and line" 'gradients\.cpp:[0-9]+.*argmax' \
  "$bin/gradients"
says "targets: unknown target" 'tpu' "$bin/targets"
[ "$("$bin/targets" | head -3 | tr '\n' ,)" = "cpu,reference,reference cpu," ] ||
  { echo "FAIL: targets: nesting, hand-over and copy"; failed=1; }
says "inspect: why it compiled again" \
  'argument 0: \[20, 64\] instead of \[32, 64\], inspect\.cpp:' "$bin/inspect"
says "train: one compile" 'epoch 2: loss [0-9.]+, compiles 1$' \
  "$bin/train" "$data"
says "demo: learns" '^test accuracy 0\.[89]' \
  "$bin/demo" --data "$data" --dump demo-dump --epochs 3
says "demo: --x=V and --steps" '^test accuracy ' \
  "$bin/demo" --data="$data" --dump=demo-dump --steps=2 --threads=1
says "demo: on the interpreter" '^test accuracy ' \
  "$bin/demo" --data "$data" --dump ref-dump --steps 1 --target reference
says "ship: trains and saves a step" '^saved to step.needle$' \
  "$bin/ship" step.needle "$data"
says "deploy: goes on with it, without a compiler" \
  '^call 60: loss 0\.0[0-9]*, 0123456789 is read as 0123456789$' \
  "$bin/deploy" step.needle
says "deploy: shows the variables by name" \
  '^  hidden\.weight\.momentum +float32 \[784, 64\]$' "$bin/deploy" step.needle
LD_DEBUG=files "$bin/deploy" step.needle >loaded 2>&1
if grep -E 'lib(LLVM|MLIR|needle-compiler|needle\.so)' loaded; then
  echo "FAIL: deploy loads more than the runtime"; failed=1
fi
refuses "deploy: missing file" 'cannot read nowhere' "$bin/deploy" nowhere
refuses "deploy: not a step" 'loaded: is not a step' "$bin/deploy" loaded
head -c 100000 step.needle >half
refuses "deploy: half a step" 'half: damaged' "$bin/deploy" half
if [ -z "${NEEDLE_CPU:-}" ] && grep -q avx2 /proc/cpuinfo; then
  refuses "deploy: another CPU" 'needs a CPU with avx.*there is sse2' \
    env NEEDLE_CPU=sse2 "$bin/deploy" step.needle
fi
refuses "demo: missing folder" 'nowhere' "$bin/demo" --data "$work/nowhere"
refuses "demo: unknown target" 'tpu' "$bin/demo" --data "$data" --target tpu
refuses "demo: unknown option" 'frobnicate' "$bin/demo" --frobnicate 1
refuses "demo: bad number" 'epochs' "$bin/demo" --epochs ten

# The demo's Adam divides by square roots of random second moments: no tolerance
# fits. The step of inspect.cpp is well conditioned.
says "needle-run: a training step agrees with the interpreter" . \
  "$bin/needle-run" inspect-dump/traced.json --target=cpu --compare=reference \
  --seed=1
says "needle-run: the demo's step runs" . \
  "$bin/needle-run" demo-dump/traced.json --target=cpu --seed=1 --profile
for stage in $("$bin/needle-opt" --list-stages | grep -oE '^[a-z][a-z0-9-]*'); do
  says "needle-opt: demo to $stage" 'demo\.cpp|Layers|loc' \
    "$bin/needle-opt" demo-dump/traced.json --needle-pipeline=cpu \
    --to-stage="$stage" --mlir-print-debuginfo
  if grep -q 'loc(unknown)' out; then
    echo "FAIL: loc(unknown) after $stage"; failed=1
  fi
done
exit $failed
