#!/usr/bin/env python3
"""check_examples.py - every op has a summary and an example that runs.

Usage: check_examples.py LLVM_TBLGEN MLIR_INCLUDE NEEDLE_OPT
Takes the ```mlir blocks of the descriptions in ir/Ops.td, makes each a function
whose arguments are the names it uses without defining them, and runs needle-opt
--verify-each on all. The arguments' types come from needle-opt's own messages.
"""
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

tblgen, include, needle_opt = sys.argv[1:]
root = pathlib.Path(__file__).resolve().parent.parent

records = json.loads(subprocess.run(
    [tblgen, "--dump-json", "-I", root / "ir", "-I", include,
     root / "ir" / "Ops.td"], check=True, stdout=subprocess.PIPE).stdout)
dialect = records["Needle_Dialect"]
ops = {}
for name in records["!instanceof"]["Op"]:
    record = records[name]
    if record["opDialect"]["def"] == "Needle_Dialect":
        ops[record["opName"]] = record
attributes = {records[name]["mnemonic"]: records[name]
              for name in records["!instanceof"]["AttrDef"]}


class Example:
    """The body of a function and what is known of its arguments."""

    def __init__(self, text):
        self.text = text
        self.whole = text.lstrip().startswith("module")
        code = re.sub(r"//.*", "", text)
        defined = set()
        for names in re.findall(r"^\s*(%[^=\n(]*?)\s*=", code, re.M):
            defined |= set(re.findall(r"%\w+", names))
        for names in re.findall(r"\^\w+\((.*?)\):", code, re.S):
            defined |= set(re.findall(r"%\w+", names))
        used = re.findall(r"%\w+", code)
        self.types = {name: "none" for name in used if name not in defined}

    def function(self):
        if self.whole:
            return self.text
        arguments = ", ".join(f"{n}: {t}" for n, t in self.types.items())
        return (f"func.func @example({arguments}) {{\n{self.text}\n"
                "return\n}")


def run(example):
    """needle-opt's messages, empty when it is content."""
    done = subprocess.run(
        [needle_opt, "--verify-each"], input=example.function(), text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60)
    return "" if done.returncode == 0 else done.stderr or "no message"


def check(example):
    for _ in range(len(example.types) + 1):
        errors = run(example)
        told = re.search(r"use of value '(%\w+)' expects different type than "
                         r"prior uses: '(.*?)' vs 'none'", errors)
        if not told:
            return errors
        example.types[told[1]] = told[2]
    return errors


def blocks(record):
    return re.findall(r"```mlir\n(.*?)```", record["description"], re.S)


def problems(item):
    kind, name, record = item
    if not record["summary"]:
        yield f"{kind}{name}: no summary"
    # An attribute may be shown in an op that holds it.
    shown = blocks(record) if kind == "needle." else everything
    if not any(re.search(re.escape(kind + name) + r"\b", b) for b in shown):
        yield f"{kind}{name}: no example in its description"
    for block in blocks(record):
        error = check(Example(block))
        if error:
            yield f"{kind}{name}: {error}"


items = ([("needle.", name, record) for name, record in sorted(ops.items())] +
         [("#needle.", name, record) for name, record in attributes.items()])
everything = [block for _, _, record in items for block in blocks(record)]
with concurrent.futures.ThreadPoolExecutor() as pool:
    found = [text for texts in pool.map(lambda i: list(problems(i)), items)
             for text in texts]
for text in found:
    print(text)
print(f"{len(ops)} ops, {len(attributes)} attributes, {len(found)} problems")
sys.exit(bool(found))
