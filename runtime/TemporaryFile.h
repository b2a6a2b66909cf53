// TemporaryFile.h - a file is written under another name first.
#pragma once

#include <string>
#include <string_view>

namespace needle::runtime {

/// A file that nobody else has, locked (flock) while it is written; gone unless
/// it is renamed. Calls that return false leave the reason in errno.
class TemporaryFile {
public:
  TemporaryFile(std::string path, int mode);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile &) = delete;

  bool isOpen() const { return number >= 0; }
  bool write(std::string_view bytes);
  /// Waits until the disk has it.
  bool flush();
  /// Takes the place of what is there.
  bool rename(const std::string &to);

  /// "PATH.PID.TIME.NUMBER": a name that no other writer uses.
  static std::string nameFor(const std::string &path);

private:
  std::string path;
  int number;
};

/// Writes a file that is whole or absent, also after a power cut. Throws Error
/// when it can't, and for what exists and is no regular file.
void writeWholeFile(const std::string &path, std::string_view bytes);

} // namespace needle::runtime
