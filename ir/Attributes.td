// Attributes.td - the dialect's own attributes.
#ifndef NEEDLE_ATTRIBUTES
#define NEEDLE_ATTRIBUTES

include "Dialect.td"
include "mlir/IR/AttrTypeBase.td"

class Needle_Attr<string name, string attrMnemonic>
    : AttrDef<Needle_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Needle_TargetAttr : Needle_Attr<"Target", "target"> {
  let summary = "all that passes and lowerings may ask about a target";
  let description = [{
    Lies on the module as `needle.target`. `isa` is "avx512", "avx2" or "sse2"
    for "cpu", empty for "reference"; `vector_bytes` is the register width.

    ```mlir
    module attributes {needle.target = #needle.target<name = "cpu",
        isa = "avx512", vector_bytes = 64, l1_bytes = 49152,
        l2_bytes = 1048576>} {}
    ```
  }];
  let parameters = (ins StringRefParameter<>:$name, StringRefParameter<>:$isa,
                        "int64_t":$vector_bytes, "int64_t":$l1_bytes,
                        "int64_t":$l2_bytes);
  let assemblyFormat = "`<` struct(params) `>`";
  let extraClassDeclaration = [{
    /// Whether the interpreter runs its ops: there is nothing to generate.
    bool isInterpreted() const { return getIsa().empty(); }
  }];
}

def Needle_CallAttr : Needle_Attr<"Call", "call"> {
  let summary = "one function of a phase and its arguments";
  let description = [{
    `buffers` names the function's buffer arguments: i >= 0 is the launch's
    i-th operand or, past those, result; -1 - o is byte offset o of the
    workspace; the smallest int64 the status word. The scalar at
    `status_scalar` (-1: none) receives the program's status entry.
  }];
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$function,
                        "::mlir::DenseI64ArrayAttr":$buffers,
                        "::mlir::DenseI64ArrayAttr":$scalars,
                        DefaultValuedParameter<"int64_t", "-1">:$status_scalar);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Needle_PhaseAttr : Needle_Attr<"Phase", "phase"> {
  let summary = "one grid of tiles of a launched kernel";
  let description = [{
    For every tile, by one worker, the calls in order; tiles are independent.
    `scratch` is bytes per worker, `work` about how many elements or
    multiply-adds all tiles do together.
  }];
  let parameters = (ins "::mlir::ArrayAttr":$calls, "int64_t":$tiles,
                        "int64_t":$scratch, "int64_t":$work);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif
