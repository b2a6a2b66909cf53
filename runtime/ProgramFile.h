// ProgramFile.h - a Program as bytes, with the code of its kernels.
// Who runs a program from a file trusts the file as he trusts a program: there
// is machine code in it. Damaged bytes are another matter, and always refused:
// by the checksum of the file around them (SealedFile.h), and what passes that
// is checked as any Program is before it runs.
#pragma once

#include "needle/runtime/Bytes.h"
#include "needle/runtime/Program.h"

#include <memory>

namespace needle::runtime {

/// Why `program` can't be written: it calls functions of this process (values
/// on the reference target are computed so); empty: it can.
std::string whyNotStorable(const Program &program);

/// Throws Error when it isn't storable.
void writeProgram(ByteWriter &to, const Program &program);

enum class KernelsOf : uint8_t {
  thisBuild, // shared with the process's other Programs by key
  anyBuild   // the Program's own
};

/// The inverse. Throws FormatError for bytes that are no program, or one that
/// contradicts itself; TargetError when this CPU lacks its instructions; Error
/// when there is no memory for its code.
std::shared_ptr<Program> readProgram(ByteReader &from, KernelsOf kernels);

/// For what else is stored beside programs.
void writeType(ByteWriter &to, const ValueType &type);
ValueType readType(ByteReader &from);

} // namespace needle::runtime
