// main.cpp - needle-fuzz: random graphs, checked in every way there is.
#include "Check.h"
#include "RunTool.h"
#include "Shrink.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <map>
#include <thread>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace needle;
namespace cl = llvm::cl;

namespace {

cl::OptionCategory category("needle-fuzz options");
cl::opt<uint64_t> seed("seed", cl::init(0), cl::cat(category),
                       cl::desc("of the first graph; the next has the next"));
cl::opt<uint64_t> count("count", cl::init(100), cl::cat(category),
                        cl::desc("how many graphs"));
cl::opt<unsigned> jobs("jobs", cl::init(0), cl::cat(category),
                       cl::desc("that check graphs (default: the cores)"));
cl::opt<bool> print("print", cl::cat(category),
                    cl::desc("print the graph of the seed, as JSON"));
cl::opt<bool> small("shrink", cl::init(true), cl::cat(category),
                    cl::desc("make a failing graph smaller (default)"));
cl::opt<std::string> out("out", cl::init("."), cl::value_desc("FOLDER"),
                         cl::cat(category),
                         cl::desc("where failing graphs are written"));

/// Prints what is wrong with a graph, and writes it where needle-run and
/// needle-opt find it.
void report(uint64_t seed, const fuzz::GeneratedGraph &generated,
            const fuzz::Failure &failure) {
  fuzz::GeneratedGraph smallest = generated;
  if (small)
    smallest = fuzz::shrink(generated, failure.what);
  fuzz::Tally tally;
  auto now = fuzz::check(smallest, tally);
  llvm::outs() << "seed " << seed << ": " << failure.what << ": "
               << (now ? now->why : failure.why) << "\n  "
               << fuzz::writeFiles(smallest,
                                   out + "/fuzz-" + std::to_string(seed))
               << "\n";
  llvm::outs().flush();
}

// ---- workers ----------------------------------------------------------------
// Processes, not threads: a crash of the compiler ends one, and is a failure.

/// What they share.
struct Shared {
  std::atomic<uint64_t> next{0};
  std::atomic<int> failures{0};
  std::atomic<int64_t> graphs{0}, kernels{0}, elements{0}, loose{0},
      differences{0};
  std::atomic<uint64_t> current[64]; // of each worker: its graph
};

Shared *running = nullptr;

/// At an interrupt the graphs begun are finished, and all summed up.
void stop(int) { running->next = uint64_t(1) << 62; }

void work(Shared &shared, size_t worker) {
  for (uint64_t i; (i = shared.next++) < count;) {
    shared.current[worker] = i;
    fuzz::GeneratedGraph generated = fuzz::generate(seed + i);
    fuzz::Tally tally;
    if (auto failure = fuzz::check(generated, tally)) {
      ++shared.failures;
      report(seed + i, generated, *failure);
    }
    shared.graphs += tally.graphs;
    shared.kernels += tally.kernelsCompiled;
    shared.elements += tally.elements;
    shared.loose += tally.loose;
    shared.differences += tally.differences;
  }
}

pid_t start(Shared &shared, size_t worker) {
  pid_t child = fork();
  if (child < 0)
    throw Error("cannot start a process");
  if (child > 0)
    return child;
  int status = runTool("needle-fuzz", [&] {
    work(shared, worker);
    return 0;
  });
  llvm::outs().flush();
  std::_Exit(status);
}

int run() {
  if (print) {
    llvm::outs() << toJson(fuzz::generate(seed).graph);
    return 0;
  }
  void *memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw Error("cannot map memory");
  Shared &shared = *new (memory) Shared;
  running = &shared;
  std::signal(SIGINT, stop);
  std::signal(SIGTERM, stop);
  std::map<pid_t, size_t> workers;
  size_t wanted = jobs ? size_t(jobs) : std::thread::hardware_concurrency();
  for (size_t i = 0; i < std::clamp<size_t>(wanted, 1, 64); ++i)
    workers[start(shared, i)] = i;
  while (!workers.empty()) {
    int status = 0;
    pid_t ended = wait(&status); // below 0: interrupted
    auto worker = workers.find(ended);
    if (worker == workers.end())
      continue;
    size_t number = worker->second;
    workers.erase(worker);
    if (status == 0)
      continue;
    ++shared.failures;
    uint64_t at = seed + shared.current[number];
    fuzz::GeneratedGraph generated = fuzz::generate(at);
    std::string how = WIFSIGNALED(status)
                          ? "signal " + std::to_string(WTERMSIG(status))
                          : "exit status " + std::to_string(status >> 8);
    llvm::outs() << "seed " << at << ": crash: " << how << "\n  "
                 << fuzz::writeFiles(generated,
                                     out + "/fuzz-" + std::to_string(at))
                 << "\n";
    llvm::outs().flush(); // or the child would write it, too
    workers[start(shared, number)] = number;
  }
  llvm::outs() << shared.graphs << " graphs, " << shared.failures
               << " failures, " << shared.kernels << " kernels compiled, "
               << shared.elements << " elements, " << shared.loose
               << " of them with loose bounds, " << shared.differences
               << " differences of gradients\n";
  return shared.failures != 0;
}

} // namespace

int main(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "needle-fuzz: random graphs\n");
  try {
    return run();
  } catch (const std::exception &error) {
    llvm::errs() << "needle-fuzz: error: " << error.what() << '\n';
    return 1;
  }
}
