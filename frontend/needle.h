// needle.h - the one header a program includes.
#pragma once

#include "needle/frontend/Scope.h"
#include "needle/frontend/Target.h"
#include "needle/frontend/Tensor.h"
#include "needle/frontend/Variable.h"
#include "needle/frontend/ops/Contract.h"
#include "needle/frontend/ops/Create.h"
#include "needle/frontend/ops/Elementwise.h"
#include "needle/frontend/ops/Gradient.h"
#include "needle/frontend/ops/Index.h"
#include "needle/frontend/ops/Random.h"
#include "needle/frontend/ops/Reduce.h"
#include "needle/frontend/ops/Shape.h"
#include "needle/runtime/DType.h"
#include "needle/runtime/Error.h"
#include "needle/runtime/Shape.h"
