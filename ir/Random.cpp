// Random.cpp - Threefry, the distributions' scalar bodies, types, verifiers.
#include "needle/ir/Elementwise.h"
#include "needle/ir/Infer.h"
#include "needle/ir/Ops.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"

#include <limits>

using namespace mlir;

namespace needle::ir {

/// `type`, or a vector of it where `x` is one.
static Type like(Value x, Type type) {
  auto vector = dyn_cast<VectorType>(x.getType());
  return vector ? Type(vector.clone(type)) : type;
}

// ---- bits
// --------------------------------------------------------------------

static Value highWord(OpBuilder &b, Location loc, Value x) {
  Value shift = integer(b, loc, x.getType(), 32);
  Value high = arith::ShRUIOp::create(b, loc, x, shift);
  return arith::TruncIOp::create(b, loc, like(x, b.getI32Type()), high);
}

static Value lowWord(OpBuilder &b, Location loc, Value x) {
  return arith::TruncIOp::create(b, loc, like(x, b.getI32Type()), x);
}

static Value rotateLeft(OpBuilder &b, Location loc, Value x, int count) {
  Value left =
      arith::ShLIOp::create(b, loc, x, integer(b, loc, x.getType(), count));
  Value right = arith::ShRUIOp::create(
      b, loc, x, integer(b, loc, x.getType(), 32 - count));
  return arith::OrIOp::create(b, loc, left, right);
}

Value buildThreefry(OpBuilder &b, Location loc, Value key, Value counter) {
  constexpr int rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  auto add = [&](Value x, Value y) -> Value {
    return arith::AddIOp::create(b, loc, x, y);
  };
  auto exclusiveOr = [&](Value x, Value y) -> Value {
    return arith::XOrIOp::create(b, loc, x, y);
  };
  Value keys[3] = {highWord(b, loc, key), lowWord(b, loc, key), {}};
  Type word = keys[0].getType();
  // The parity word of Threefry-2x32 (Salmon et al., section 3.3).
  keys[2] = exclusiveOr(exclusiveOr(keys[0], keys[1]),
                        integer(b, loc, word, 0x1BD11BDA));
  Value x = add(highWord(b, loc, counter), keys[0]);
  Value y = add(lowWord(b, loc, counter), keys[1]);
  for (int group = 0; group < 5; ++group) {
    for (int count : rotations[group % 2]) {
      x = add(x, y);
      y = exclusiveOr(rotateLeft(b, loc, y, count), x);
    }
    x = add(x, keys[(group + 1) % 3]);
    y = add(add(y, keys[(group + 2) % 3]), integer(b, loc, word, group + 1));
  }
  Type wide = key.getType();
  Value high = arith::ExtUIOp::create(b, loc, wide, x);
  Value low = arith::ExtUIOp::create(b, loc, wide, y);
  high = arith::ShLIOp::create(b, loc, high, integer(b, loc, wide, 32));
  return arith::OrIOp::create(b, loc, high, low);
}

Value buildFoldBits(OpBuilder &b, Location loc, Value x) {
  return arith::XOrIOp::create(b, loc, highWord(b, loc, x), lowWord(b, loc, x));
}

Value buildUnitFromBits(OpBuilder &b, Location loc, Value x) {
  bool wide = getElementTypeOrSelf(x.getType()).isInteger(64);
  Type type = like(x, wide ? Type(b.getF64Type()) : Type(b.getF32Type()));
  // The exponent of 1 over a random mantissa: a number in [1, 2).
  Value mantissa = arith::ShRUIOp::create(
      b, loc, x, integer(b, loc, x.getType(), wide ? 12 : 9));
  Value bits = arith::OrIOp::create(
      b, loc, mantissa,
      integer(b, loc, x.getType(),
              wide ? int64_t(0x3ff0000000000000) : int64_t(0x3f800000)));
  Value number12 = arith::BitcastOp::create(b, loc, type, bits);
  return arith::SubFOp::create(b, loc, number12, number(b, loc, type, 1));
}

// ---- inverse error function
// --------------------------------------------------

/// c[0] w^(n-1) + ... + c[n-1] by Horner's rule.
static Value polynomial(OpBuilder &b, Location loc, Value w,
                        ArrayRef<double> c) {
  Value sum = number(b, loc, w.getType(), c.front());
  for (double next : c.drop_front()) {
    Value product = arith::MulFOp::create(b, loc, sum, w);
    sum = arith::AddFOp::create(b, loc, product,
                                number(b, loc, w.getType(), next));
  }
  return sum;
}

// Giles, table 5: single precision, |error| < 2^-22 relative.
static constexpr double center32[] = {
    2.81022636e-08,  3.43273939e-07, -3.5233877e-06,
    -4.39150654e-06, 0.00021858087,  -0.00125372503,
    -0.00417768164,  0.246640727,    1.50140941};
static constexpr double tail32[] = {
    -0.000200214257, 0.000100950558, 0.00134934322,
    -0.00367342844,  0.00573950773,  -0.0076224613,
    0.00943887047,   1.00167406,     2.83297682};
// Giles, double precision: w < 6.25, w < 16 and beyond.
static constexpr double center64[] = {
    -3.6444120640178196996e-21, -1.685059138182016589e-19,
    1.2858480715256400167e-18,  1.115787767802518096e-17,
    -1.333171662854620906e-16,  2.0972767875968561637e-17,
    6.6376381343583238325e-15,  -4.0545662729752068639e-14,
    -8.1519341976054721522e-14, 2.6335093153082322977e-12,
    -1.2975133253453532498e-11, -5.4154120542946279317e-11,
    1.051212273321532285e-09,   -4.1126339803469836976e-09,
    -2.9070369957882005086e-08, 4.2347877827932403518e-07,
    -1.3654692000834678645e-06, -1.3882523362786468719e-05,
    0.0001867342080340571352,   -0.00074070253416626697512,
    -0.0060336708714301490533,  0.24015818242558961693,
    1.6536545626831027356};
static constexpr double tail64[] = {
    2.2137376921775787049e-09,  9.0756561938885390979e-08,
    -2.7517406297064545428e-07, 1.8239629214389227755e-08,
    1.5027403968909827627e-06,  -4.013867526981545969e-06,
    2.9234449089955446044e-06,  1.2475304481671778723e-05,
    -4.7318229009055733981e-05, 6.8284851459573175448e-05,
    2.4031110387097893999e-05,  -0.0003550375203628474796,
    0.00095328937973738049703,  -0.0016882755560235047313,
    0.0024914420961078508066,   -0.0037512085075692412107,
    0.005370914553590063617,    1.0052589676941592334,
    3.0838856104922207635};
static constexpr double end64[] = {
    -2.7109920616438573243e-11, -2.5556418169965252055e-10,
    1.5076572693500548083e-09,  -3.7894654401267369937e-09,
    7.6157012080783393804e-09,  -1.4960026627149240478e-08,
    2.9147953450901080826e-08,  -6.7711997758452339498e-08,
    2.2900482228026654717e-07,  -9.9298272942317002539e-07,
    4.5260625972231537039e-06,  -1.9681778105531670567e-05,
    7.5995277030017761139e-05,  -0.00021503011930044477347,
    -0.00013871931833623122026, 1.0103004648645343977,
    4.8499064014085844221};

Value buildErfInv(OpBuilder &b, Location loc, Value x) {
  Type type = x.getType();
  bool wide = getElementTypeOrSelf(type).isF64();
  auto constant = [&](double value) { return number(b, loc, type, value); };
  auto minus = [&](Value value, double offset) -> Value {
    return arith::SubFOp::create(b, loc, value, constant(offset));
  };
  auto select = [&](Value at, double bound, Value below, Value above) -> Value {
    Value test = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, at,
                                       constant(bound));
    return arith::SelectOp::create(b, loc, test, below, above);
  };
  // w = -log(1 - x^2); the product keeps 1 - |x| exact near 1.
  Value one = constant(1);
  Value product =
      arith::MulFOp::create(b, loc, arith::SubFOp::create(b, loc, one, x),
                            arith::AddFOp::create(b, loc, one, x));
  Value w = arith::NegFOp::create(b, loc, math::LogOp::create(b, loc, product));
  Value root = math::SqrtOp::create(b, loc, w);
  Value p;
  if (wide)
    p = select(w, 6.25, polynomial(b, loc, minus(w, 3.125), center64),
               select(w, 16, polynomial(b, loc, minus(root, 3.25), tail64),
                      polynomial(b, loc, minus(root, 5), end64)));
  else
    p = select(w, 5, polynomial(b, loc, minus(w, 2.5), center32),
               polynomial(b, loc, minus(root, 3), tail32));
  // At +-1 the polynomials mean nothing; outside, w and all else is NaN.
  Value atOne = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                      math::AbsFOp::create(b, loc, x), one);
  p = arith::SelectOp::create(
      b, loc, atOne, constant(std::numeric_limits<double>::infinity()), p);
  return arith::MulFOp::create(b, loc, p, x);
}

// ---- types
// -------------------------------------------------------------------

/// The shape of the operand with another element type.
static LogicalResult inferElement(MaybeLocation loc, StringRef op,
                                  ValueRange operands,
                                  function_ref<Type(Type)> element,
                                  SmallVectorImpl<Type> &types) {
  auto tensors = staticTensors(loc, op, operands);
  if (failed(tensors))
    return failure();
  RankedTensorType x = tensors->front();
  return append(loc, op, rules::checked(dims(x)), element(x.getElementType()),
                x, types);
}

LogicalResult FoldBitsOp::inferReturnTypes(MLIRContext *context,
                                           MaybeLocation loc,
                                           ValueRange operands, DictionaryAttr,
                                           OpaqueProperties, RegionRange,
                                           SmallVectorImpl<Type> &types) {
  return inferElement(
      loc, getOperationName(), operands,
      [&](Type) { return IntegerType::get(context, 32); }, types);
}

LogicalResult UnitFromBitsOp::inferReturnTypes(MLIRContext *context,
                                               MaybeLocation loc,
                                               ValueRange operands,
                                               DictionaryAttr, OpaqueProperties,
                                               RegionRange,
                                               SmallVectorImpl<Type> &types) {
  return inferElement(
      loc, getOperationName(), operands,
      [&](Type bits) -> Type {
        return bits.isInteger(64) ? Type(Float64Type::get(context))
                                  : Type(Float32Type::get(context));
      },
      types);
}

LogicalResult SplitKeyOp::inferReturnTypes(MLIRContext *, MaybeLocation loc,
                                           ValueRange operands,
                                           DictionaryAttr attributes,
                                           OpaqueProperties properties,
                                           RegionRange,
                                           SmallVectorImpl<Type> &types) {
  Properties parsed;
  properties =
      propertiesOf(properties, attributes, parsed, setPropertiesFromAttr);
  Adaptor adaptor(operands, attributes, properties);
  auto tensors = staticTensors(loc, getOperationName(), operands);
  if (failed(tensors) || (loc && failed(adaptor.verify(*loc))))
    return failure();
  RankedTensorType key = tensors->front();
  if (key.getRank() != 0)
    return emitOptionalError(loc, "'", getOperationName(),
                             "' op needs one key of shape [], not ", text(key));
  int64_t count = adaptor.getCount();
  return append(loc, getOperationName(), rules::checked(Dims(&count, 1)),
                key.getElementType(), key, types);
}

// ---- verifiers
// ---------------------------------------------------------------

template <class Op> static LogicalResult verifyKey(Op op) {
  RankedTensorType key = tensorType(op.getKey());
  if (key.getRank() == 0)
    return success();
  return op.emitOpError() << "needs one key of shape [], not " << text(key);
}

LogicalResult RandomBitsOp::verify() { return verifyKey(*this); }
LogicalResult NormalOp::verify() { return verifyKey(*this); }

LogicalResult UniformOp::verify() {
  double low = getLow().convertToDouble(), high = getHigh().convertToDouble();
  if (!(low <= high))
    return emitOpError() << "low " << low << " is above high " << high;
  return verifyKey(*this);
}

LogicalResult BernoulliOp::verify() {
  double probability = getProbability().convertToDouble();
  if (!(probability >= 0 && probability <= 1))
    return emitOpError() << "probability " << probability
                         << " is outside of [0, 1]";
  return verifyKey(*this);
}

} // namespace needle::ir
