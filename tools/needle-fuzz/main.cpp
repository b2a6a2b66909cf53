// main.cpp - needle-fuzz: random graphs, checked in every way there is.
#include "Check.h"
#include "RunTool.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

using namespace needle;
namespace cl = llvm::cl;

namespace {

cl::OptionCategory category("needle-fuzz options");
cl::opt<uint64_t> seed("seed", cl::init(0), cl::cat(category),
                       cl::desc("of the first graph; the next has the next"));
cl::opt<uint64_t> count("count", cl::init(100), cl::cat(category),
                        cl::desc("how many graphs"));
cl::opt<unsigned> threads("jobs", cl::init(0), cl::cat(category),
                          cl::desc("that check graphs (default: the cores)"));
cl::opt<bool> print("print", cl::cat(category),
                    cl::desc("print the graph of the seed, as JSON"));

int run() {
  if (print) {
    llvm::outs() << toJson(fuzz::generate(seed).graph);
    return 0;
  }
  std::atomic<uint64_t> next{0};
  std::mutex mutex;
  fuzz::Tally total;
  int failures = 0;
  auto work = [&] {
    fuzz::Tally tally;
    for (uint64_t i; (i = next++) < count;) {
      fuzz::GeneratedGraph generated = fuzz::generate(seed + i);
      auto failure = fuzz::check(generated, tally);
      if (!failure)
        continue;
      std::lock_guard lock(mutex);
      ++failures;
      llvm::outs() << "seed " << seed + i << ": " << failure->what << ": "
                   << failure->why << "\n";
      llvm::outs().flush();
    }
    std::lock_guard lock(mutex);
    total.add(tally);
  };
  std::vector<std::thread> workers;
  unsigned wanted =
      threads ? unsigned(threads) : std::thread::hardware_concurrency();
  for (unsigned i = 1; i < wanted; ++i)
    workers.emplace_back(work);
  work();
  for (std::thread &worker : workers)
    worker.join();
  llvm::outs() << total.graphs << " graphs, " << failures << " failures, "
               << total.kernelsCompiled << " kernels compiled, "
               << total.elements << " elements, " << total.vacuous
               << " of them with loose bounds\n";
  return failures != 0;
}

} // namespace

int main(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "needle-fuzz: random graphs\n");
  return runTool("needle-fuzz", run);
}
