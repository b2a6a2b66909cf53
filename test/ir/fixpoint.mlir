// Printing, parsing and printing again changes nothing.
// RUN: %opt %S/elementwise.mlir -o %t1 && %opt %t1 -o %t2 && diff %t1 %t2
// RUN: %opt %S/reduce.mlir -o %t1 && %opt %t1 -o %t2 && diff %t1 %t2
// RUN: %opt %S/shape.mlir -o %t1 && %opt %t1 -o %t2 && diff %t1 %t2
// RUN: %opt %S/contract.mlir -o %t1 && %opt %t1 -o %t2 && diff %t1 %t2
// RUN: %opt %S/create.mlir -o %t1 && %opt %t1 -o %t2 && diff %t1 %t2
// RUN: %opt %S/index.mlir -o %t1 && %opt %t1 -o %t2 && diff %t1 %t2
// RUN: %opt %S/random.mlir -o %t1 && %opt %t1 -o %t2 && diff %t1 %t2
// RUN: %opt %S/region.mlir -o %t1 && %opt %t1 -o %t2 && diff %t1 %t2
// RUN: %opt %S/gradient.mlir -o %t1 && %opt %t1 -o %t2 && diff %t1 %t2
// RUN: %opt %S/kernel.mlir -o %t1 && %opt %t1 -o %t2 && diff %t1 %t2
// RUN: %opt --mlir-print-debuginfo %S/region.mlir -o %t1 && %opt --mlir-print-debuginfo %t1 -o %t2 && diff %t1 %t2
