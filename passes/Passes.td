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
  let description = [{
    Rewrites that keep IEEE results, until nothing changes: folders, algebra,
    views composed, moved through elementwise ops and into contractions; then
    equal ops become one op with the locations of all, and unused ones go.

    ```mlir
    %0 = needle.transpose %a {permutation = array<i64: 1, 0>} : tensor<8x4xf32>
    %1 = needle.matmul %0, %b : tensor<4x8xf32>, tensor<8x2xf32>
    ==>
    %1 = needle.matmul %a, %b {transpose_lhs = true}
        : tensor<8x4xf32>, tensor<8x2xf32>
    ```
  }];
}
def Fuse : Pass<"needle-fuse"> {
  let summary = "primitive ops ==> needle.kernel regions";
  let description = [{
    Every op that computes ends up in a `needle.kernel`. Outside stay constants,
    loops (their bodies are fused, too) and views that are their operand's
    memory under another shape. With NEEDLE_LOG=fuse it says why ops that read
    each other's results did not share a kernel; max-ops=1 gives every op a
    kernel of its own, which tells whether fusion is to blame.

    ```mlir
    %0 = needle.matmul %a, %b : tensor<4x8xf32>, tensor<8x2xf32>
    %1 = needle.relu %0 : tensor<4x2xf32>
    ==>
    %0 = needle.kernel "contract"(%a, %b) maps [...] {
    ^bb0(%x: tensor<4x8xf32>, %y: tensor<8x2xf32>):
      %1 = needle.matmul %x, %y : tensor<4x8xf32>, tensor<8x2xf32>
      %2 = needle.relu %1 : tensor<4x2xf32>
      needle.yield %2 : tensor<4x2xf32>
    }
    ```
  }];
  let options = [Option<"maxOps", "max-ops", "int64_t", "64",
                        "of one kernel, where ops are fused at all">];
}
def PlanMemory : Pass<"needle-plan-memory"> {
  let summary = "give every intermediate its place in the arena";
  let description = [{
    Sets on every kernel, loop and view outside of kernels `needle.offsets`, one
    number per result:
     * n >= 0: bytes n... of the arena, 64-byte aligned. One arena serves the
       function and the bodies of its loops.
     * -1: the memory of the first function result that is this value or a view
       of all of it; in a loop's body, of the first yielded value likewise: the
       carry's memory (which is that of the loop's result) or this iteration's
       slice of the stack.
     * -2: operand 0's memory, `needle.view_offset` bytes into it.

    A returned or yielded value that ends up elsewhere (an argument, a value
    returned twice, a part of another one) is to be copied: after the body,
    first to the stacks, then to the carries. No carry is yielded another
    carry's memory.

    `needle.in_place` on a kernel has one number per result: the operand whose
    memory it may share (-1: none). Each element of such an operand is read
    before the kernel writes the same element, and nothing reads it later.

    The function gets `needle.arena_bytes`, `needle.intermediate_bytes` (the sum
    of all results of its ops that live in the arena, as if none shared memory)
    and, on results, `needle.in_place_of`: the argument whose memory the result
    may be written into, when the caller gives that argument up.
  }];
}
