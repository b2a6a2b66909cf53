// Tensor.cpp - handles of recorded values.
