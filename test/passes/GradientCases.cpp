// GradientCases.cpp - the cases of all families but regions.
#include "GradientCases.h"

namespace needle {

// Domains keep away from kinks and poles by much more than the step of the
// central difference.
std::vector<GradientCase> elementwiseCases() {
  const std::string t = "tensor<2x3xf64>";
  auto unary = [&](std::string name, double low, double high) {
    return GradientCase{
        name, {{t, low, high}}, "%y = needle." + name + " %p0 : " + t, t};
  };
  auto binary = [&](std::string name, GradientInput x, GradientInput y) {
    return GradientCase{
        name, {x, y}, "%y = needle." + name + " %p0, %p1 : " + t, t};
  };
  auto with = [](GradientCase c, std::string name) {
    c.name += name;
    return c;
  };
  return {
      binary("add", {t}, {t}),
      binary("sub", {t}, {t}),
      binary("mul", {t}, {t}),
      binary("div", {t}, {t, 0.5, 2}),
      with(binary("maximum", {t, 0, 1}, {t, 1.1, 2}), "_rhs"),
      with(binary("maximum", {t, 1.1, 2}, {t, 0, 1}), "_lhs"),
      with(binary("minimum", {t, 0, 1}, {t, 1.1, 2}), "_lhs"),
      with(binary("minimum", {t, 1.1, 2}, {t, 0, 1}), "_rhs"),
      unary("neg", -2, 2),
      with(unary("abs", 0.5, 2), "_positive"),
      with(unary("abs", -2, -0.5), "_negative"),
      unary("sign", 0.5, 2),
      unary("exp", -2, 2),
      unary("log", 0.5, 2),
      unary("sqrt", 0.5, 2),
      unary("rsqrt", 0.5, 2),
      unary("square", -2, 2),
      unary("tanh", -2, 2),
      with(unary("relu", 0.5, 2), "_positive"),
      with(unary("relu", -2, -0.5), "_negative"),
      unary("erf_inv", -0.8, 0.8),
      {"where",
       {{t}, {t}},
       "%z = needle.full 0.25 : f64 -> " + t + "\n%c = needle.less %p0, %z : " +
           t + "\n%e = needle.exp %p0 : " + t +
           "\n%y = needle.where %c, %e, %p1 : tensor<2x3xi1>, " + t,
       t},
      {"one_value_used_twice",
       {{t}},
       "%e = needle.tanh %p0 : " + t + "\n%y = needle.mul %e, %p0 : " + t,
       t},
      {"pin",
       {{t}},
       "%e = needle.exp %p0 : " + t + "\n%q = needle.pin %e : " + t +
           "\n%y = needle.square %q : " + t,
       t},
      {"to",
       {{t}},
       "%r = needle.to %p0 : " + t + R"( -> tensor<2x3xf64, "reference">
        %e = needle.exp %r : tensor<2x3xf64, "reference">
        %y = needle.to %e : tensor<2x3xf64, "reference"> -> )" +
           t,
       t},
  };
}

std::vector<GradientCase> reduceCases() {
  const std::string t = "tensor<2x3x4xf64>";
  std::vector<GradientCase> cases;
  for (std::string name : {"sum", "mean", "max", "min", "logsumexp"}) {
    auto add = [&](std::string suffix, std::string attributes,
                   std::string type) {
      cases.push_back(
          {name + suffix,
           {{t}},
           "%y = needle." + name + " %p0 {" + attributes + "} : " + t,
           type});
    };
    add("_of_all", "axes = array<i64: 0, 1, 2>", "tensor<f64>");
    add("_of_the_middle", "axes = array<i64: 1>", "tensor<2x4xf64>");
    add("_of_the_ends", "axes = array<i64: 0, 2>", "tensor<3xf64>");
    add("_keeping", "axes = array<i64: 1>, keep_dims = true",
        "tensor<2x1x4xf64>");
  }
  for (std::string name : {"softmax", "log_softmax"})
    for (std::string axis : {"0", "1", "2"})
      cases.push_back(
          {name + "_" + axis,
           {{t}},
           "%y = needle." + name + " %p0 {axis = " + axis + " : i64} : " + t,
           t});
  return cases;
}

// A square first, so that the second derivative is not zero.
std::vector<GradientCase> shapeCases() {
  auto shape = [](std::string name, std::string from, std::string op,
                  std::string to) {
    return GradientCase{
        name, {{from}}, "%s = needle.square %p0 : " + from + "\n" + op, to};
  };
  return {
      shape("reshape", "tensor<2x3xf64>",
            "%y = needle.reshape %s : tensor<2x3xf64> -> tensor<3x2xf64>",
            "tensor<3x2xf64>"),
      shape("broadcast_to_more_axes", "tensor<3xf64>",
            "%y = needle.broadcast_to %s : tensor<3xf64> -> tensor<2x3xf64>",
            "tensor<2x3xf64>"),
      shape("broadcast_to_wider_axes", "tensor<2x1x3xf64>",
            "%y = needle.broadcast_to %s : tensor<2x1x3xf64> -> "
            "tensor<5x2x4x3xf64>",
            "tensor<5x2x4x3xf64>"),
      shape("transpose", "tensor<2x3x4xf64>",
            "%y = needle.transpose %s {permutation = array<i64: 2, 0, 1>} : "
            "tensor<2x3x4xf64>",
            "tensor<4x2x3xf64>"),
      shape("slice", "tensor<7x4xf64>",
            "%y = needle.slice %s {start = array<i64: 1, 2>, stop = "
            "array<i64: 6, 3>, step = array<i64: 2, 1>} : tensor<7x4xf64>",
            "tensor<3x1xf64>"),
      shape("slice_uneven", "tensor<8xf64>",
            "%y = needle.slice %s {start = array<i64: 1>, stop = array<i64: "
            "7>, step = array<i64: 4>} : tensor<8xf64>",
            "tensor<2xf64>"),
      shape("pad", "tensor<2x3xf64>",
            "%y = needle.pad %s {low = array<i64: 1, 0>, high = array<i64: 2, "
            "1>, interior = array<i64: 2, 0>, value = 3.0 : f64} : "
            "tensor<2x3xf64>",
            "tensor<7x4xf64>"),
      {"concat",
       {{"tensor<2x3xf64>"}, {"tensor<2x2xf64>"}},
       "%s = needle.exp %p1 : tensor<2x2xf64>\n"
       "%y = needle.concat %p0, %s, %p1 {axis = 1 : i64} : tensor<2x3xf64>, "
       "tensor<2x2xf64>, tensor<2x2xf64>",
       "tensor<2x7xf64>"},
      shape("split_all", "tensor<2x5xf64>",
            "%a:2 = needle.split %s {sizes = array<i64: 2, 3>, axis = 1 : i64}"
            " : tensor<2x5xf64>\n"
            "%b = needle.sum %a#1 {axes = array<i64: 1>, keep_dims = true} : "
            "tensor<2x3xf64>\n"
            "%c = needle.broadcast_to %b : tensor<2x1xf64> -> "
            "tensor<2x2xf64>\n"
            "%y = needle.mul %a#0, %c : tensor<2x2xf64>",
            "tensor<2x2xf64>"),
      shape("split_one", "tensor<6xf64>",
            "%a:3 = needle.split %s {sizes = array<i64: 1, 2, 3>, axis = 0 : "
            "i64} : tensor<6xf64>\n"
            "%y = needle.exp %a#1 : tensor<2xf64>",
            "tensor<2xf64>"),
      shape("split_two_of_three", "tensor<5xf64>",
            "%a:3 = needle.split %s {sizes = array<i64: 2, 1, 2>, axis = 0 : "
            "i64} : tensor<5xf64>\n"
            "%y = needle.mul %a#0, %a#2 : tensor<2xf64>",
            "tensor<2xf64>"),
  };
}

std::vector<GradientCase> contractCases() {
  std::vector<GradientCase> cases;
  auto tensor = [](std::string batch, std::string rows, std::string columns,
                   bool transposed) {
    return "tensor<" + batch +
           (transposed ? columns + "x" + rows : rows + "x" + columns) + "xf64>";
  };
  auto add = [&](std::string name, std::string lhsBatch, std::string rhsBatch,
                 std::string batch) {
    for (bool lhs : {false, true})
      for (bool rhs : {false, true}) {
        std::string a = tensor(lhsBatch, "2", "3", lhs),
                    b = tensor(rhsBatch, "3", "4", rhs);
        auto flag = [](bool value) { return value ? "true" : "false"; };
        cases.push_back({name + (lhs ? "_t" : "_n") + (rhs ? "t" : "n"),
                         {{a}, {b}},
                         std::string("%y = needle.matmul %p0, %p1 "
                                     "{transpose_lhs = ") +
                             flag(lhs) + ", transpose_rhs = " + flag(rhs) +
                             "} : " + a + ", " + b,
                         "tensor<" + batch + "2x4xf64>"});
      }
  };
  add("matmul", "", "", "");
  add("matmul_batch", "2x", "2x", "2x");
  add("matmul_one_rhs", "2x3x", "", "2x3x");
  add("matmul_one_lhs", "", "2x", "2x");
  add("matmul_broadcast", "2x1x", "1x3x", "2x3x");
  return cases;
}

std::vector<GradientCase> indexCases() {
  return {
      {"take_repeated",
       {{"tensor<3x4xf64>"}, {"tensor<2x5xi64>", 0, 4}},
       "%s = needle.square %p0 : tensor<3x4xf64>\n"
       "%y = needle.take %s, %p1 {axis = 1 : i64} : tensor<3x4xf64>, "
       "tensor<2x5xi64>",
       "tensor<3x2x5xf64>"},
      {"take_from_the_end",
       {{"tensor<3x4xf64>"}, {"tensor<2xi64>", -3, 0}},
       "%s = needle.square %p0 : tensor<3x4xf64>\n"
       "%y = needle.take %s, %p1 {axis = 0 : i64} : tensor<3x4xf64>, "
       "tensor<2xi64>",
       "tensor<2x4xf64>"},
      {"scatter_add",
       {{"tensor<3x2xf64>"}, {"tensor<5x2xf64>"}, {"tensor<5xi64>", 0, 3}},
       "%s = needle.square %p1 : tensor<5x2xf64>\n"
       "%y = needle.scatter_add %p0, %p2, %s {axis = 0 : i64} : "
       "tensor<3x2xf64>, tensor<5xi64>, tensor<5x2xf64>",
       "tensor<3x2xf64>"},
  };
}

} // namespace needle
