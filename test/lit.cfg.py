# How lit finds and runs the .mlir tests.
import os
import sys

import lit.formats

config.name = "needle"
config.suffixes = [".mlir", ".test"]
config.excludes = ["consumer", "data", "Inputs"]
config.test_source_root = os.path.dirname(__file__)
# lit's own shell: `not` and FileCheck come with LLVM, no bash is needed.
config.test_format = lit.formats.ShTest(execute_external=False)
config.environment["PATH"] = os.pathsep.join(
    config.tools + [config.environment["PATH"]])
for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS", "NEEDLE_CPU"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
config.environment["NEEDLE_CACHE"] = "off"
config.substitutions.append(("%python", sys.executable))
# Debian's LLVM has no assertions: verify more often instead.
config.substitutions.append(("%opt", "needle-opt --verify-each --split-input-file"))
