// main.cpp - uses the installed package; LLVM is loaded when first needed.
#include <needle/needle.h>

#include <cstdio>
#include <cstring>
#include <link.h>

static bool isLoaded(const char *name) {
  auto find = [](dl_phdr_info *info, size_t, void *what) {
    return std::strstr(info->dlpi_name, static_cast<const char *>(what)) ? 1
                                                                         : 0;
  };
  return dl_iterate_phdr(find, const_cast<char *>(name)) != 0;
}

int main() {
  needle::Tensor x = needle::tensor({1, 2, 3});
  needle::Tensor y = needle::sum(x * x);
  if (isLoaded("libLLVM") || isLoaded("libMLIR"))
    return std::puts("LLVM is loaded before anything is compiled"), 1;
  if (y.item<float>() != 14)
    return std::puts("wrong sum"), 1;
  if (!isLoaded("libneedle-compiler"))
    return std::puts("the compiler was never opened"), 1;
}
