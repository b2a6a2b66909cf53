// RUN: %opt %s --pass-pipeline='builtin.module(func.func(needle-expand-low-precision))' --verify-diagnostics

func.func @arithmetic_on_bf16(%x: i16) -> i16 {
  %0 = arith.bitcast %x : i16 to bf16
  // expected-error @below {{'arith.addf' op on bf16 has no expansion}}
  %1 = arith.addf %0, %0 : bf16
  %2 = arith.bitcast %1 : bf16 to i16
  return %2 : i16
}
