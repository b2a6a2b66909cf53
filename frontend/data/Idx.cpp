// Idx.cpp - reads IDX files through zlib, which passes plain files along.
#include "needle/frontend/data/Idx.h"

#include "needle/runtime/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <zlib.h>

namespace needle::data {

namespace {

class Reader {
public:
  explicit Reader(const std::string &path) : path(path) {
    errno = 0;
    file.reset(gzopen(path.c_str(), "rb"));
    if (!file)
      throw FormatError(
          path + ": cannot open: " + std::strerror(errno ? errno : ENOMEM));
    gzbuffer(file.get(), 1 << 17);
  }

  /// Fills `bytes`, or says how much was there.
  void read(uint8_t *bytes, size_t count, const char *what) {
    for (size_t done = 0; done < count;) {
      unsigned step = unsigned(std::min<size_t>(count - done, 1 << 30));
      int got = gzread(file.get(), bytes + done, step);
      if (got < 0)
        fail(std::string("damaged: ") + problem());
      if (got == 0)
        fail("truncated: " + std::to_string(done) + " of " +
             std::to_string(count) + " bytes of " + what);
      done += size_t(got);
    }
  }

  void expectEnd() {
    uint8_t more;
    int got = gzread(file.get(), &more, 1);
    if (got > 0)
      fail("longer than its header says");
    if (got < 0) // the checksum of a gzip file is compared at its end
      fail(std::string("damaged: ") + problem());
    int code = 0;
    gzerror(file.get(), &code);
    if (code == Z_BUF_ERROR) // all elements were there, the checksum was not
      fail("truncated: its gzip stream has no end");
  }

  [[noreturn]] void fail(const std::string &what) const {
    throw FormatError(path + ": " + what);
  }

private:
  std::string problem() const {
    int code = 0;
    const char *text = gzerror(file.get(), &code);
    return code == Z_ERRNO ? std::strerror(errno) : text;
  }

  struct Close {
    void operator()(gzFile_s *f) const { gzclose(f); }
  };
  std::string path;
  std::unique_ptr<gzFile_s, Close> file;
};

} // namespace

Idx readIdx(const std::string &path) {
  Reader reader(path);
  uint8_t magic[4];
  reader.read(magic, 4, "the header");
  if (magic[0] || magic[1])
    reader.fail("not an IDX file: it does not start with two zero bytes");
  if (magic[2] != 0x08)
    reader.fail("element type " + std::to_string(magic[2]) +
                " is not supported, only 8 (unsigned byte)");
  if (magic[3] < 1 || magic[3] > Shape::maxRank)
    reader.fail("rank " + std::to_string(magic[3]) + " is not in [1, 8]");

  int64_t dims[Shape::maxRank], elements = 1, room = 1;
  for (int axis = 0; axis < magic[3]; ++axis) {
    uint8_t size[4];
    reader.read(size, 4, "the header");
    dims[axis] =
        int64_t(size[0]) << 24 | size[1] << 16 | size[2] << 8 | size[3];
    // At most 2^31 * 2^32 before the check: no overflow. A size of 0 hides no
    // other size.
    room *= std::max<int64_t>(dims[axis], 1);
    elements *= dims[axis];
    if (room > int64_t(1) << 31)
      reader.fail("more than 2^31 elements");
  }
  Idx idx{Shape(std::span<const int64_t>(dims, magic[3])), {}};
  // Grows as the data comes: a lying header costs no memory.
  while (int64_t(idx.bytes.size()) < elements) {
    size_t done = idx.bytes.size();
    size_t step = std::min(size_t(elements) - done,
                           std::max<size_t>(done, size_t(1) << 16));
    idx.bytes.resize(done + step);
    reader.read(idx.bytes.data() + done, step, "elements");
  }
  reader.expectEnd();
  return idx;
}

} // namespace needle::data
