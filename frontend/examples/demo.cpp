// demo.cpp - learn to read handwritten digits, then show what was compiled.
// tools/demo builds and runs it; --help lists the options.
#include <needle/needle.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <tuple>
#include <unistd.h>
#include <vector>

namespace nd = needle;

namespace {

struct Options {
  std::string data = "test/data/mnist";
  std::string dump = "needle-demo-dump";
  std::string target; // empty: NEEDLE_BACKEND, else cpu
  int64_t epochs = 10;
  int64_t steps = -1; // of all epochs together; -1: no limit
  int64_t threads = 0; // 0: NEEDLE_THREADS, else all cores
};

const char *help =
    "usage: demo [--data DIR] [--epochs N] [--steps N] [--target T]\n"
    "            [--threads N] [--dump DIR]\n"
    "  --data DIR    MNIST in IDX format (default: the bundled subset)\n"
    "  --epochs N    passes over the training images (10)\n"
    "  --steps N     end after N training steps in all\n"
    "  --target T    cpu or reference (NEEDLE_BACKEND, else cpu)\n"
    "  --threads N   worker threads (NEEDLE_THREADS, else all cores)\n"
    "  --dump DIR    where the compiled step's graph and IR are written\n";

int64_t number(const std::string &name, const std::string &text, int64_t low) {
  int64_t value = 0;
  auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < low)
    throw nd::Error("--" + name + ": got \"" + text + "\", wanted an integer of " +
                    std::to_string(low) + " or more");
  return value;
}

Options parse(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i], value;
    if (name == "--help" || name == "-h") {
      std::fputs(help, stdout);
      std::exit(0);
    }
    if (name.rfind("--", 0) != 0)
      throw nd::Error("unknown argument " + name + "; --help lists the options");
    name = name.substr(2);
    if (size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    } else if (++i < argc) {
      value = argv[i];
    } else {
      throw nd::Error("--" + name + " needs a value");
    }
    if (name == "data")
      options.data = value;
    else if (name == "dump")
      options.dump = value;
    else if (name == "target")
      options.target = value;
    else if (name == "epochs")
      options.epochs = number(name, value, 0);
    else if (name == "steps")
      options.steps = number(name, value, 0);
    else if (name == "threads")
      options.threads = number(name, value, 1);
    else
      throw nd::Error("unknown option --" + name + "; --help lists them");
  }
  return options;
}

/// A bar that grows in place on a terminal and is silent elsewhere.
class Progress {
public:
  Progress(int64_t epoch, int64_t total) : epoch(epoch), total(total) {}
  void show(int64_t done) {
    if (!terminal || total == 0)
      return;
    constexpr int width = 40;
    int filled = int(done * width / total);
    if (filled == shown)
      return;
    shown = filled;
    std::fprintf(stderr, "\repoch %lld [%s%s]", (long long)epoch,
                 std::string(size_t(filled), '=').c_str(),
                 std::string(size_t(width - filled), ' ').c_str());
  }
  void clear() {
    if (shown >= 0)
      std::fputs("\r\033[K", stderr);
  }

private:
  int64_t epoch, total;
  int shown = -1;
  bool terminal = isatty(STDERR_FILENO) && isatty(STDOUT_FILENO);
};

struct Classifier : nd::nn::Module {
  nd::nn::Linear &hidden1 = child("hidden1", nd::nn::Linear(784, 256));
  nd::nn::Linear &hidden2 = child("hidden2", nd::nn::Linear(256, 128));
  nd::nn::Linear &out = child("out", nd::nn::Linear(128, 10));

  nd::Tensor operator()(const nd::Tensor &x) {
    return out(nd::relu(hidden2(nd::relu(hidden1(x)))));
  }
};

nd::Tensor countCorrect(const nd::Tensor &logits, const nd::Tensor &labels) {
  return nd::sum(nd::convert(nd::argmax(logits, 1) == labels, nd::int64));
}

void printReport(const nd::Report &report, double stepMicroseconds,
                 const std::string &dump) {
  std::printf("ops traced            %d\n", report.tracedOps);
  std::printf("ops after autodiff    %d\n", report.opsAfterAutodiff);
  std::printf("kernels after fusion  %d\n", report.kernels);
  std::printf("compile time          %.0f ms\n", report.compileMs);
  std::printf("step time             %.0f us\n", stepMicroseconds);
  std::printf("arena                 %lld bytes, all intermediates %lld\n",
              (long long)report.arenaBytes,
              (long long)report.sumOfIntermediateBytes);
  std::printf("graph and IR          %s\n", dump.c_str());
}

void run(const Options &options) {
  if (options.threads)
    setenv("NEEDLE_THREADS", std::to_string(options.threads).c_str(), 1);
  if (!options.target.empty())
    nd::setDefaultTarget(options.target.c_str());

  nd::RandomScope seed(0);
  nd::data::Mnist train(options.data, nd::data::Split::train);
  nd::data::Mnist test(options.data, nd::data::Split::test);
  nd::data::DataLoader loader(
      train, {.batchSize = 128, .shuffle = true, .dropLast = true});
  nd::data::DataLoader testLoader(test, {.batchSize = 500});

  Classifier model;
  nd::optim::Adam optimizer(model.parameters(), {.learningRate = 2e-3});

  auto step = nd::jit(
      [&](const nd::Tensor &images, const nd::Tensor &labels) {
        nd::Tensor logits = model(images);
        nd::Tensor loss = nd::nn::crossEntropy(logits, labels);
        optimizer.step(loss);
        return std::tuple(loss, countCorrect(logits, labels));
      },
      {.name = "train"});
  auto correct = nd::jit(
      [&](const nd::Tensor &images, const nd::Tensor &labels) {
        return countCorrect(model(images), labels);
      },
      {.name = "test"});

  int64_t steps = 0;
  std::vector<double> microseconds;
  for (int64_t epoch = 1; epoch <= options.epochs; ++epoch) {
    if (steps == options.steps)
      break;
    Progress progress(epoch, loader.size());
    double loss = 0, right = 0;
    int64_t batches = 0;
    for (const auto &[images, labels] : loader) {
      auto start = std::chrono::steady_clock::now();
      auto [batchLoss, batchRight] = step(images, labels);
      loss += batchLoss.item<double>();
      right += batchRight.item<double>();
      microseconds.push_back(std::chrono::duration<double, std::micro>(
                                 std::chrono::steady_clock::now() - start)
                                 .count());
      progress.show(++batches);
      if (++steps == options.steps)
        break;
    }
    progress.clear();
    if (batches)
      std::printf("epoch %lld: loss %.4f, accuracy %.4f\n", (long long)epoch,
                  loss / double(batches), right / double(batches * 128));
    std::fflush(stdout);
    optimizer.setLearningRate(optimizer.learningRate() * 0.7);
  }

  if (steps) {
    step.dump(options.dump);
    std::sort(microseconds.begin(), microseconds.end());
    printReport(step.report(), microseconds[microseconds.size() / 2],
                options.dump);
  }
  double right = 0;
  for (const auto &[images, labels] : testLoader)
    right += correct(images, labels).item<double>();
  std::printf("test accuracy %.4f\n", right / double(test.size()));
}

} // namespace

int main(int argc, char **argv) {
  try {
    run(parse(argc, argv));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "demo: %s\n", error.what());
    return 1;
  }
}
