// Compiler.cpp - graph in, program out; turns diagnostics into needle::Error.
#include "needle/codegen/Compiler.h"
