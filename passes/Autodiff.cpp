// Autodiff.cpp - expand gradient requests into the ops that compute them.
#include "needle/passes/Passes.h"
