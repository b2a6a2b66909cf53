// Replay.cpp - gives a target every file of a folder, without libFuzzer: what
// fuzzing has found stays mended.
#include "Fuzz.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

int main(int count, char **arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", arguments[0]);
    return 2;
  }
  int files = 0;
  for (auto &entry : std::filesystem::directory_iterator(arguments[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    std::printf("%s\n", entry.path().filename().c_str());
    std::fflush(stdout); // the last line names the file that ends the process
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(bytes.data()),
                           bytes.size());
    ++files;
  }
  std::printf("%d of %d accepted\n", needle::fuzz::accepted, files);
  if (needle::fuzz::accepted > 0)
    return 0;
  std::fprintf(stderr,
               "%s: nothing is accepted any more, so little is tested; "
               "tools/fuzz/run 60 makes a new one\n",
               arguments[1]);
  return 1;
}
