// GradientRegionCases.cpp - the cases of scan.
#include "GradientCases.h"

namespace needle {

std::vector<GradientCase> regionCases() {
  const std::string state = "tensor<2xf64>", inputs = "tensor<4x2xf64>",
                    weights = "tensor<2x2xf64>";
  // h' = tanh(h W + x)
  const std::string cell = R"(
      %r = needle.reshape %h : tensor<2xf64> -> tensor<1x2xf64>
      %m = needle.matmul %r, %w : tensor<1x2xf64>, tensor<2x2xf64>
      %v = needle.reshape %m : tensor<1x2xf64> -> tensor<2xf64>
      %a = needle.add %v, %x : tensor<2xf64>
      %n = needle.tanh %a : tensor<2xf64>)";
  auto recurrent = [&](std::string name, std::string reverse) {
    return GradientCase{
        name,
        {{state}, {inputs}, {weights}},
        R"(%s:2 = needle.scan(%p0, %p1, %p2) {length = 4 : i64,
            carries = 1 : i64, slices = 1 : i64, reverse = )" +
            reverse + R"(} : (tensor<2xf64>, tensor<4x2xf64>, tensor<2x2xf64>)
            -> (tensor<2xf64>, tensor<4x2xf64>) {
      ^bb0(%i: tensor<i64>, %h: tensor<2xf64>, %x: tensor<2xf64>,
           %w: tensor<2x2xf64>):)" +
            cell + R"(
        needle.yield %n, %n : tensor<2xf64>, tensor<2xf64>
      }
      %b = needle.broadcast_to %s#0 : tensor<2xf64> -> tensor<4x2xf64>
      %y = needle.mul %b, %s#1 : tensor<4x2xf64>)",
        inputs};
  };
  return {
      recurrent("scan", "false"),
      recurrent("scan_reverse", "true"),
      // Only the last state matters; the initial one is a constant.
      {"scan_of_a_constant_start",
       {{inputs}},
       R"(%z = needle.full 0.5 : f64 -> tensor<2xf64>
      %y = needle.scan(%z, %p0) {length = 4 : i64, carries = 1 : i64,
          slices = 1 : i64} : (tensor<2xf64>, tensor<4x2xf64>)
          -> tensor<2xf64> {
      ^bb0(%i: tensor<i64>, %h: tensor<2xf64>, %x: tensor<2xf64>):
        %m = needle.mul %h, %x : tensor<2xf64>
        %n = needle.add %m, %x : tensor<2xf64>
        needle.yield %n : tensor<2xf64>
      })",
       state},
      // Carries that are swapped, one that counts, one that is not followed.
      {"scan_of_crossed_carries",
       {{state}, {state}},
       R"(%c = needle.full 1 : i64 -> tensor<i64>
      %y:4 = needle.scan(%p0, %p1, %c, %p0) {length = 3 : i64,
          carries = 4 : i64, slices = 0 : i64} : (tensor<2xf64>, tensor<2xf64>,
          tensor<i64>, tensor<2xf64>) -> (tensor<2xf64>, tensor<2xf64>,
          tensor<i64>, tensor<2xf64>) {
      ^bb0(%i: tensor<i64>, %a: tensor<2xf64>, %b: tensor<2xf64>,
           %k: tensor<i64>, %d: tensor<2xf64>):
        %n = needle.add %k, %i : tensor<i64>
        %f = needle.convert %n : tensor<i64> -> tensor<f64>
        %e = needle.broadcast_to %f : tensor<f64> -> tensor<2xf64>
        %s = needle.mul %a, %e : tensor<2xf64>
        %t = needle.tanh %s : tensor<2xf64>
        %u = needle.exp %d : tensor<2xf64>
        needle.yield %b, %t, %n, %u : tensor<2xf64>, tensor<2xf64>,
            tensor<i64>, tensor<2xf64>
      })",
       state},
      // The result of a scan is its own cotangent's factor, and feeds another.
      {"scan_after_scan",
       {{state}, {weights}},
       R"(%q:2 = needle.scan(%p0, %p1) {length = 3 : i64, carries = 1 : i64,
          slices = 0 : i64} : (tensor<2xf64>, tensor<2x2xf64>)
          -> (tensor<2xf64>, tensor<3x2xf64>) {
      ^bb0(%i: tensor<i64>, %h: tensor<2xf64>, %w: tensor<2x2xf64>):
        %x = needle.square %h : tensor<2xf64>)" +
           cell + R"(
        needle.yield %n, %h : tensor<2xf64>, tensor<2xf64>
      }
      %y = needle.scan(%q#0, %q#1) {length = 3 : i64, carries = 1 : i64,
          slices = 1 : i64, reverse = true} : (tensor<2xf64>, tensor<3x2xf64>)
          -> tensor<2xf64> {
      ^bb0(%i: tensor<i64>, %h: tensor<2xf64>, %x: tensor<2xf64>):
        %m = needle.mul %h, %x : tensor<2xf64>
        %n = needle.add %m, %h : tensor<2xf64>
        needle.yield %n : tensor<2xf64>
      })",
       state},
      {"scan_in_scan",
       {{state}},
       R"(%y = needle.scan(%p0) {length = 2 : i64, carries = 1 : i64,
          slices = 0 : i64} : (tensor<2xf64>) -> tensor<2xf64> {
      ^bb0(%i: tensor<i64>, %h: tensor<2xf64>):
        %n = needle.scan(%h, %h) {length = 3 : i64, carries = 1 : i64,
            slices = 0 : i64} : (tensor<2xf64>, tensor<2xf64>)
            -> tensor<2xf64> {
        ^bb0(%j: tensor<i64>, %c: tensor<2xf64>, %w: tensor<2xf64>):
          %m = needle.mul %c, %w : tensor<2xf64>
          %t = needle.tanh %m : tensor<2xf64>
          needle.yield %t : tensor<2xf64>
        }
        needle.yield %n : tensor<2xf64>
      })",
       state},
      {"scan_of_nothing",
       {{state}, {"tensor<0x2xf64>"}},
       R"(%y = needle.scan(%p0, %p1) {length = 0 : i64, carries = 1 : i64,
          slices = 1 : i64} : (tensor<2xf64>, tensor<0x2xf64>)
          -> tensor<2xf64> {
      ^bb0(%i: tensor<i64>, %h: tensor<2xf64>, %x: tensor<2xf64>):
        %m = needle.mul %h, %x : tensor<2xf64>
        needle.yield %m : tensor<2xf64>
      })",
       state},
  };
}

} // namespace needle
