// Flatten.cpp - lays an ELF object out as one position-independent block.
#include "needle/codegen/cpu/Blob.h"

#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/Endian.h"

using namespace llvm;
using namespace needle;

using Elf = object::ELF64LE;
using ElfObject = object::ELFObjectFile<Elf>;

namespace {

class Flattener {
public:
  Flattener(const ElfObject &object, std::string &error)
      : object(object), error(error) {}

  mlir::FailureOr<runtime::BlobCode> run(StringRef entry) {
    // Code first: the entry is near the start, which profilers like.
    if (mlir::failed(place(/*code=*/true)) ||
        mlir::failed(place(/*code=*/false)))
      return mlir::failure();
    for (const object::SectionRef &section : object.sections())
      if (mlir::failed(relocate(section)))
        return mlir::failure();
    for (const object::ELFSymbolRef &symbol : object.symbols()) {
      Expected<StringRef> name = symbol.getName();
      if (!name || *name != entry)
        continue;
      std::optional<uint64_t> address = addressOf(symbol);
      if (!address)
        break;
      code.entry = *address;
      return std::move(code);
    }
    return fail("no function '" + entry + "' in the object");
  }

private:
  mlir::LogicalResult fail(const Twine &text) {
    error = text.str();
    return mlir::failure();
  }

  /// Appends the sections that are (or are not) code. Unwind tables are of no
  /// use: nothing throws, and nobody would register them.
  mlir::LogicalResult place(bool wantCode) {
    for (const object::ELFSectionRef section : object.sections()) {
      uint64_t flags = section.getFlags();
      bool isCode = flags & ELF::SHF_EXECINSTR;
      if (!(flags & ELF::SHF_ALLOC) || section.getSize() == 0 ||
          isCode != wantCode)
        continue;
      StringRef name = cantFail(section.getName());
      if (name.starts_with(".eh_frame") || name.starts_with(".note"))
        continue;
      if (flags & ELF::SHF_WRITE)
        return fail("the code has writable data in section '" + name + "'");
      StringRef bytes = cantFail(section.getContents());
      code.bytes.resize(alignTo(code.bytes.size(), section.getAlignment()));
      offsets[section.getIndex()] = code.bytes.size();
      code.bytes.insert(code.bytes.end(), bytes.bytes_begin(),
                        bytes.bytes_end());
    }
    return mlir::success();
  }

  std::optional<uint64_t> addressOf(const object::ELFSymbolRef &symbol) {
    auto section = symbol.getSection();
    if (!section || *section == object.section_end())
      return std::nullopt;
    auto found = offsets.find((*section)->getIndex());
    if (found == offsets.end())
      return std::nullopt;
    return found->second + cantFail(symbol.getValue());
  }

  mlir::LogicalResult relocate(const object::SectionRef &section) {
    Expected<object::section_iterator> target = section.getRelocatedSection();
    if (!target)
      return fail(toString(target.takeError()));
    if (*target == object.section_end())
      return mlir::success();
    auto base = offsets.find((*target)->getIndex());
    if (base == offsets.end())
      return mlir::success();
    for (const object::ELFRelocationRef relocation : section.relocations()) {
      object::ELFSymbolRef symbol = *relocation.getSymbol();
      std::optional<uint64_t> address = addressOf(symbol);
      if (!address)
        return fail("the code refers to '" + cantFail(symbol.getName()) +
                    "', which is not part of it");
      uint64_t at = base->second + relocation.getOffset();
      int64_t addend = cantFail(relocation.getAddend());
      uint64_t value = *address + addend - at;
      uint8_t *bytes = code.bytes.data() + at;
      switch (relocation.getType()) {
      case ELF::R_X86_64_PC32:
      case ELF::R_X86_64_PLT32:
        support::endian::write32le(bytes, static_cast<uint32_t>(value));
        break;
      case ELF::R_X86_64_PC64:
        support::endian::write64le(bytes, value);
        break;
      default: {
        SmallString<32> name;
        relocation.getTypeName(name);
        return fail("relocation " + name + " of '" +
                    cantFail(symbol.getName()) + "' needs a linker");
      }
      }
    }
    return mlir::success();
  }

  const ElfObject &object;
  std::string &error;
  runtime::BlobCode code;
  DenseMap<uint64_t, uint64_t> offsets; // section index -> offset in code
};

} // namespace

mlir::FailureOr<runtime::BlobCode>
codegen::flattenObject(MemoryBufferRef buffer, StringRef entry,
                       std::string &error) {
  Expected<ElfObject> object = ElfObject::create(buffer);
  if (!object) {
    error = toString(object.takeError());
    return mlir::failure();
  }
  return Flattener(*object, error).run(entry);
}
