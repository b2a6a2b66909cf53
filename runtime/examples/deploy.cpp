// deploy.cpp - `deploy FILE`: runs the step that `ship FILE` saved, and lets it
// learn printed digits. Links needle::runtime alone: no LLVM, no front end.
#include <needle/runtime/Step.h>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace nd = needle;

// Digits on a grid of 5 x 7, a row per number, leftmost pixel first.
static const uint8_t font[10][7] = {
    {0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110},
    {0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110},
    {0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111},
    {0b01110, 0b10001, 0b00001, 0b00110, 0b00001, 0b10001, 0b01110},
    {0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010},
    {0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110},
    {0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110},
    {0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000},
    {0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110},
    {0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100}};

// [10, 784]: each digit three times as large, in the middle of 28 x 28.
static nd::Array printedDigits() {
  std::vector<float> pixels(10 * 28 * 28);
  for (int digit = 0; digit < 10; ++digit)
    for (int y = 0; y < 21; ++y)
      for (int x = 0; x < 15; ++x)
        if (font[digit][y / 3] >> (4 - x / 3) & 1)
          pixels[size_t((digit * 28 + y + 3) * 28 + x + 6)] = 1;
  return {pixels, {10, 784}};
}

static void list(const char *title,
                 const std::vector<nd::Step::Value> &values) {
  std::printf("%s:\n", title);
  for (const nd::Step::Value &value : values)
    std::printf("  %-24s %s\n", value.name.c_str(),
                nd::toString(value.dtype, value.shape).c_str());
}

static void run(const std::string &file) {
  nd::Step step = nd::Step::load(file);
  std::printf("step %s\n", step.name().c_str());
  list("inputs", step.inputs());
  list("results", step.results());
  list("variables", step.variables());

  nd::Array labels(std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {10});
  nd::Array images = printedDigits();
  step.setVariable("SGD.learningRate", nd::Array(0.01)); // [] float64
  for (int call = 0; call <= 60; ++call) {
    auto results = step.run({{"images", images}, {"labels", labels}});
    if (call % 20)
      continue;
    std::string recognised;
    for (int64_t digit : results.at("recognised").toVector<int64_t>())
      recognised += std::to_string(digit);
    std::printf("call %2d: loss %.4f, 0123456789 is read as %s\n", call,
                double(results.at("loss").item<float>()), recognised.c_str());
  }
}

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fputs("usage: deploy FILE\n  FILE  what `ship` has saved\n", stderr);
    return 2;
  }
  try {
    run(argv[1]);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "deploy: %s\n", error.what());
    return 1;
  }
}
