// Pipeline.cpp - the list of every pass, in order, one comment per constraint.
#include "needle/codegen/Pipeline.h"
