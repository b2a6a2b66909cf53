#!/usr/bin/env python3
"""check_layers.py - includes between folders point one way (README, "map")."""
import pathlib
import re
import sys

PLAIN = [f"needle/runtime/{name}.h" for name in
         ("DType", "Shape", "ShapeRules", "Graph")]
# What each folder may include besides itself and the C++ library.
ALLOWED = {
    "runtime": [],
    "frontend": ["needle/runtime/", "needle/codegen/Compiler.h"],
    "ir": ["mlir/", "llvm/", "ir/", *PLAIN],
    "passes": ["mlir/", "llvm/", "needle/ir/", "passes/"],
    "codegen": ["mlir/", "llvm/", "needle/ir/", "needle/passes/", "codegen/",
                "needle/runtime/"],
}
SYSTEM = ("sys/", "linux/", "asm/")
INCLUDE = re.compile(r'\s*#\s*include\s+[<"]([^>"]+)[>"]')
NAMES_TARGET = re.compile(r'"(cpu|cuda|reference)\b')

root = pathlib.Path(__file__).resolve().parent.parent
errors = []
for folder, allowed in ALLOWED.items():
    for path in sorted((root / folder).rglob("*")):
        if path.suffix not in (".h", ".cpp", ".cu"):
            continue
        if "examples" in path.parts:
            allowed = [*allowed, "needle/needle.h"]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            here = f"{path.relative_to(root)}:{number}"
            if folder == "passes" and NAMES_TARGET.search(line):
                errors.append(f"{here}: passes must not name a target")
            match = INCLUDE.match(line)
            if not match or "/" not in match[1] or match[1].startswith(SYSTEM):
                continue
            if not match[1].startswith((f"needle/{folder}/", *allowed)):
                errors.append(f"{here}: {folder} must not include {match[1]}")
            other = {"cpu": "cuda", "cuda": "cpu"}.get(path.parent.name)
            if folder == "codegen" and other and f"codegen/{other}/" in match[1]:
                errors.append(f"{here}: {path.parent.name} includes {other}")
print("\n".join(errors) or "layers: fine")
sys.exit(bool(errors))
