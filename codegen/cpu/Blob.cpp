// Blob.cpp - LLVM dialect -> LLVM IR -> ELF object in memory -> flat blob.
// No mid-level optimisation: emitters write vector code directly, on which it
// measurably changes nothing but compile time.
#include "needle/codegen/cpu/Blob.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace needle;

namespace {

/// The entry of `name` and all it calls, in a module of their own.
OwningOpRef<ModuleOp> extract(ModuleOp kernels, StringRef entry) {
  OwningOpRef<ModuleOp> module = ModuleOp::create(kernels.getLoc());
  OpBuilder b = OpBuilder::atBlockBegin(module->getBody());
  llvm::StringSet<> seen;
  SmallVector<StringRef> pending = {entry};
  while (!pending.empty()) {
    StringRef next = pending.pop_back_val();
    auto function = kernels.lookupSymbol<LLVM::LLVMFuncOp>(next);
    if (!seen.insert(next).second || !function)
      continue;
    b.clone(*function);
    function.walk([&](LLVM::CallOp call) {
      if (std::optional<StringRef> callee = call.getCallee())
        pending.push_back(*callee);
    });
  }
  return module;
}

/// The psABI level with the features of `isa`: nothing of this machine beyond
/// it gets in, so that a blob serves every machine with the same isa.
StringRef cpuOf(StringRef isa) {
  return llvm::StringSwitch<StringRef>(isa)
      .Case("avx512", "x86-64-v4")
      .Case("avx2", "x86-64-v3")
      .Default("x86-64");
}

std::unique_ptr<llvm::TargetMachine> makeMachine(StringRef cpu,
                                                 std::string &error) {
  static const bool initialised = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    return true;
  }();
  (void)initialised;
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions options;
  // Only ops that ask for it become FMAs: what two kernels compute must be the
  // same number in both (x == max(x), in the gradient of max), and whether a
  // product has other users, which prevent it, differs from kernel to kernel.
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, cpu, "", options, llvm::Reloc::PIC_, llvm::CodeModel::Small,
      llvm::CodeGenOptLevel::Default));
}

void setAttributes(llvm::Module &module, StringRef cpu, int64_t vectorBytes) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr(llvm::Attribute::NoUnwind);
    function.setUWTableKind(llvm::UWTableKind::None);
    // No loop may turn into a call of memset.
    function.addFnAttr("no-builtins");
    function.addFnAttr("target-cpu", cpu);
    // Without it v4 is tuned to stay below 512 bits.
    function.addFnAttr("prefer-vector-width", std::to_string(8 * vectorBytes));
  }
}

} // namespace

void codegen::registerBlobTranslation(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

FailureOr<runtime::BlobCode> codegen::makeBlob(ModuleOp kernels, StringRef name,
                                               const TargetInfo &target,
                                               std::string &error) {
  std::string entry = (name + "_entry").str();
  OwningOpRef<ModuleOp> module = extract(kernels, entry);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = translateModuleToLLVMIR(
      *module, context, name, /*disableVerification=*/true);
  if (!translated) {
    error = ("function '" + name + "' has no translation to LLVM IR").str();
    return failure();
  }
  StringRef cpu = cpuOf(target.isa);
  std::unique_ptr<llvm::TargetMachine> machine = makeMachine(cpu, error);
  if (!machine)
    return failure();
  translated->setTargetTriple(machine->getTargetTriple());
  translated->setDataLayout(machine->createDataLayout());
  setAttributes(*translated, cpu, target.vectorBytes);

  SmallVector<char, 0> object;
  llvm::raw_svector_ostream stream(object);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, stream, nullptr,
                                   llvm::CodeGenFileType::ObjectFile,
                                   /*DisableVerify=*/true)) {
    error = "LLVM cannot emit objects for " + machine->getTargetTriple().str();
    return failure();
  }
  passes.run(*translated);
  return flattenObject(
      llvm::MemoryBufferRef(StringRef(object.data(), object.size()), name),
      entry, error);
}
