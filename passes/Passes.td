// Passes.td - every pass on tensors, its flag and options.
include "mlir/Pass/PassBase.td"

def Autodiff : Pass<"needle-autodiff"> {
  let summary = "expand needle.gradient by a reverse walk; remove needle.pin";
}
def Decompose : Pass<"needle-decompose"> {
  let summary = "softmax, mean, uniform, ... ==> primitive ops, in safe forms";
}
def Simplify : Pass<"needle-simplify"> {
  let summary = "fold, simplify algebra, sink transposes, merge equal ops";
}
def Fuse : Pass<"needle-fuse"> {
  let summary = "primitive ops ==> needle.kernel regions";
}
def PlanMemory : Pass<"needle-plan-memory"> {
  let summary = "give every intermediate its place in the arena";
}
