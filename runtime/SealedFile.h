// SealedFile.h - bytes with what they are, a version and a checksum in front.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace needle::runtime {

/// What a file of needle's holds.
enum class FileKind : uint32_t { cacheEntry = 1, step = 2 };

/// Grows with any change of what is written; other versions are refused.
inline constexpr uint32_t fileVersion = 1;

/// `body` behind a header: magic, kind, version, size, xxh3-128 of the body.
std::string seal(FileKind kind, std::string_view body);

/// The inverse: the body, which lies in `file`. Throws FormatError that starts
/// with `name` when the file is damaged, cut short, something else, or another
/// version's.
std::string_view unseal(FileKind kind, std::string_view file,
                        const std::string &name);

/// xxh3-128 as 32 hexadecimal digits: a name for what has these bytes.
std::string hashText(std::string_view bytes);

/// A whole file of at most `limit` bytes; nothing, and errno says why, when it
/// can't be read.
std::optional<std::string> readFile(const std::string &path,
                                    uint64_t limit = UINT64_MAX);

} // namespace needle::runtime
