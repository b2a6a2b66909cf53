// Replay.cpp - gives a target every file of a folder, without libFuzzer: what
// fuzzing has found stays mended. It must accept what is named seed..., and
// refuse what is named wrong....
#include "Fuzz.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

int main(int count, char **arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
    return 2;
  }
  using needle::fuzz::accepted;
  int files = 0, seeds = 0;
  for (auto &entry : std::filesystem::directory_iterator(arguments[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    std::string name = entry.path().filename().string();
    std::printf("%s\n", name.c_str());
    std::fflush(stdout); // the last line names the file that ends the process
    int before = accepted;
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(bytes.data()),
                           bytes.size());
    bool isAccepted = accepted > before, isSeed = name.starts_with("seed");
    needle::fuzz::require(isAccepted || !isSeed,
                          "it is refused; when a format has changed, "
                          "tools/fuzz/run 60 makes new seeds");
    needle::fuzz::require(!isAccepted || !name.starts_with("wrong"),
                          "it is accepted");
    ++files;
    seeds += isSeed;
  }
  std::printf("%d of %d accepted\n", accepted, files);
  needle::fuzz::require(seeds > 0, "the folder has no seed");
}
