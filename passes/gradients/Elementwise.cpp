// Elementwise.cpp - gradient rules of the elementwise family.
// y is the result, g its cotangent.
#include "needle/passes/gradients/Gradients.h"

#include "needle/passes/gradients/Rule.h"

#include <numbers>

using namespace mlir;
using namespace needle;
using namespace needle::passes;

//===-- two operands ------------------------------------------------------===//

static Values addVjp(TensorBuilder &, ir::AddOp, Cotangents g, const Wanted &) {
  return {g[0], g[0]};
}

static Values subVjp(TensorBuilder &t, ir::SubOp, Cotangents g,
                     const Wanted &wanted) {
  return {g[0], wanted[1] ? t.neg(g[0]) : Value()};
}

static Values mulVjp(TensorBuilder &t, ir::MulOp op, Cotangents g,
                     const Wanted &wanted) {
  return {wanted[0] ? t.mul(g[0], op.getRhs()) : Value(),
          wanted[1] ? t.mul(g[0], op.getLhs()) : Value()};
}

// d (a / b) = da / b - y db / b
static Values divVjp(TensorBuilder &t, ir::DivOp op, Cotangents g,
                     const Wanted &wanted) {
  Value lhs = t.div(g[0], op.getRhs());
  return {lhs, wanted[1] ? t.neg(t.mul(lhs, op.getResult())) : Value()};
}

// The chosen operand gets g; equal ones get half of it each.
template <class OpT>
static Values extremumVjp(TensorBuilder &t, OpT op, Cotangents g,
                          const Wanted &wanted) {
  Value zero = t.zeros(g[0].getType());
  Value half = t.scale(g[0], 0.5);
  Value tie = t.equal(op.getLhs(), op.getRhs());
  auto share = [&](Value x) {
    Value chosen = t.equal(x, op.getResult());
    return t.where(tie, half, t.where(chosen, g[0], zero));
  };
  return {wanted[0] ? share(op.getLhs()) : Value(),
          wanted[1] ? share(op.getRhs()) : Value()};
}

// d x^y = y x^(y - 1) dx + ln(x) x^y dy, where 0 dx for y = 0 and 0 dy for x = 0
// keep infinities out.
static Values powVjp(TensorBuilder &t, ir::PowOp op, Cotangents g,
                     const Wanted &wanted) {
  Value x = op.getLhs(), y = op.getRhs();
  Value zero = t.zeros(x.getType()), one = t.full(x.getType(), 1);
  auto lhs = [&] {
    Value less = t.where(t.equal(y, zero), one, t.sub(y, one));
    return t.mul(g[0], t.mul(y, t.make<ir::PowOp>(x, less)));
  };
  auto rhs = [&] {
    Value log = t.log(t.where(t.equal(x, zero), one, x));
    return t.mul(g[0], t.mul(log, op.getResult()));
  };
  return {wanted[0] ? lhs() : Value(), wanted[1] ? rhs() : Value()};
}

static Values whereVjp(TensorBuilder &t, ir::WhereOp op, Cotangents g,
                       const Wanted &wanted) {
  Value zero = t.zeros(g[0].getType());
  return {Value(), wanted[1] ? t.where(op.getCondition(), g[0], zero) : Value(),
          wanted[2] ? t.where(op.getCondition(), zero, g[0]) : Value()};
}

//===-- one operand -------------------------------------------------------===//

static Value negVjp(TensorBuilder &t, ir::NegOp, Value g) { return t.neg(g); }

// 0 at 0, as sign is.
static Value absVjp(TensorBuilder &t, ir::AbsOp op, Value g) {
  return t.mul(g, t.make<ir::SignOp>(op.getX()));
}

static Value signVjp(TensorBuilder &, ir::SignOp, Value) {
  return {}; // zero everywhere
}

// Reuses the result rather than computing exp twice.
static Value expVjp(TensorBuilder &t, ir::ExpOp op, Value g) {
  return t.mul(g, op.getResult());
}

static Value logVjp(TensorBuilder &t, ir::LogOp op, Value g) {
  return t.div(g, op.getX());
}

// d sqrt(x) = dx / (2 y)
static Value sqrtVjp(TensorBuilder &t, ir::SqrtOp op, Value g) {
  return t.div(t.scale(g, 0.5), op.getResult());
}

// d x^(-1/2) = -1/2 y^3 dx
static Value rsqrtVjp(TensorBuilder &t, ir::RsqrtOp op, Value g) {
  Value y = op.getResult();
  return t.mul(t.mul(t.scale(g, -0.5), y), t.make<ir::SquareOp>(y));
}

static Value squareVjp(TensorBuilder &t, ir::SquareOp op, Value g) {
  return t.mul(g, t.scale(op.getX(), 2));
}

// d tanh(x) = (1 - y^2) dx
static Value tanhVjp(TensorBuilder &t, ir::TanhOp op, Value g) {
  Value y = op.getResult();
  Value one = t.full(y.getType(), 1);
  return t.mul(g, t.sub(one, t.make<ir::SquareOp>(y)));
}

// d s(x) = s (1 - s) dx
static Value sigmoidVjp(TensorBuilder &t, ir::SigmoidOp op, Value g) {
  Value y = op.getResult();
  return t.mul(g, t.mul(y, t.sub(t.full(y.getType(), 1), y)));
}

// d erf(x) = 2 / sqrt(pi) exp(-x^2) dx
static Value erfVjp(TensorBuilder &t, ir::ErfOp op, Value g) {
  Value square = t.make<ir::SquareOp>(op.getX());
  return t.mul(t.scale(g, 2 * std::numbers::inv_sqrtpi), t.exp(t.neg(square)));
}

static Value reluVjp(TensorBuilder &t, ir::ReluOp op, Value g) {
  Value zero = t.zeros(g.getType());
  return t.where(t.less(zero, op.getX()), g, zero);
}

// d erf_inv(x) = sqrt(pi) / 2 exp(y^2) dx
static Value erfInvVjp(TensorBuilder &t, ir::ErfInvOp op, Value g) {
  double factor = 0.5 / std::numbers::inv_sqrtpi;
  Value square = t.make<ir::SquareOp>(op.getResult());
  return t.mul(t.scale(g, factor), t.exp(square));
}

// Only reached from one floating type to another.
static Value convertVjp(TensorBuilder &t, ir::ConvertOp op, Value g) {
  return t.convert(g, ir::tensorType(op.getX()).getElementType());
}

void passes::attachElementwiseGradients(MLIRContext &context) {
  attach<ir::AddOp, addVjp>(context);
  attach<ir::SubOp, subVjp>(context);
  attach<ir::MulOp, mulVjp>(context);
  attach<ir::DivOp, divVjp>(context);
  attach<ir::MaximumOp, extremumVjp<ir::MaximumOp>>(context);
  attach<ir::MinimumOp, extremumVjp<ir::MinimumOp>>(context);
  attach<ir::WhereOp, whereVjp>(context);
  attach<ir::NegOp, negVjp>(context);
  attach<ir::AbsOp, absVjp>(context);
  attach<ir::SignOp, signVjp>(context);
  attach<ir::ExpOp, expVjp>(context);
  attach<ir::LogOp, logVjp>(context);
  attach<ir::SqrtOp, sqrtVjp>(context);
  attach<ir::RsqrtOp, rsqrtVjp>(context);
  attach<ir::SquareOp, squareVjp>(context);
  attach<ir::TanhOp, tanhVjp>(context);
  attach<ir::SigmoidOp, sigmoidVjp>(context);
  attach<ir::ErfOp, erfVjp>(context);
  attach<ir::PowOp, powVjp>(context);
  attach<ir::ReluOp, reluVjp>(context);
  attach<ir::ErfInvOp, erfInvVjp>(context);
  attach<ir::ConvertOp, convertVjp>(context);
  attachNotDifferentiable<ir::EqualOp, ir::NotEqualOp, ir::LessOp,
                          ir::LessEqualOp, ir::GreaterOp, ir::GreaterEqualOp,
                          ir::AndOp, ir::OrOp, ir::NotOp>(context);
}
