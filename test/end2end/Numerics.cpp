// Numerics.cpp - higher derivatives, solvers and integrators in float64.
// Expected values: trajectories.py.
#include "Trajectory.h"

namespace nd = needle;
using namespace needle::test;
using nd::Tensor;
using nd::Variable;

// A step of Newton's method: the Hessian's rows are gradients of the gradient.
TEST(Numerics, NewtonsMethodInTwoVariables) {
  Losses expected = {19.125978878939513, 7.8010781239139737,
                     3.9984698348790921, 2.8672387407123283,
                     2.6090294683295641, 2.5660154660542958};
  expectTrajectory(expected, 1e-11, [](Mode mode) {
    Variable point(nd::tensor<double>({0.9, -0.7}));
    auto step = stepIn(mode, [&] {
      Tensor x = nd::take(point, 0), y = nd::take(point, 1);
      Tensor value = nd::exp(x + 3 * y - 0.1) + nd::exp(x - 3 * y - 0.1) +
                     nd::exp(-x - 0.1) + nd::square(nd::tanh(x * y));
      Tensor g = nd::grad(value, point);
      Tensor dx = nd::grad(nd::take(g, 0), point),
             dy = nd::grad(nd::take(g, 1), point);
      Tensor a = nd::take(dx, 0), b = nd::take(dx, 1), c = nd::take(dy, 0),
             d = nd::take(dy, 1), p = nd::take(g, 0), q = nd::take(g, 1);
      Tensor move = nd::stack({d * p - b * q, a * q - c * p});
      point.assign(point - 0.1 * move / (a * d - b * c));
      return value;
    });
    return everyTenth([&](int) { return step().item(); });
  });
}

// Power iteration on Hessian-vector products: the largest curvature.
TEST(Numerics, CurvatureByHessianVectorProducts) {
  Losses expected = {0.040028346701701946, 0.58429431093189232,
                     0.58429431428931677,  0.58429431428931677,
                     0.58429431428931677,  0.58429431428931677};
  expectTrajectory(expected, 1e-10, [](Mode mode) {
    Variable w(numbers<double>({4, 5}, 40)), u(numbers<double>({5, 1}, 41)),
        v(numbers<double>({4, 5}, 44));
    auto step = stepIn(mode, [&](const Tensor &x, const Tensor &y) {
      Tensor out = nd::matmul(nd::tanh(nd::matmul(x, w)), u);
      Tensor g = nd::grad(nd::mean(nd::square(out - y)), w);
      Tensor direction = nd::detach(v);
      Tensor product = nd::grad(nd::sum(g * direction), w);
      v.assign(product / nd::sqrt(nd::sum(nd::square(product))));
      return nd::sum(product * direction) / nd::sum(nd::square(direction));
    });
    Tensor x = numbers<double>({9, 4}, 42), y = numbers<double>({9, 1}, 43);
    return everyTenth([&](int) { return step(x, y).item(); });
  });
}

// Relaxation on a grid with a fixed border: slices, a pad, an update in place.
TEST(Numerics, JacobiRelaxation) {
  Losses expected = {2.2299436106426374,   0.30840817675762855,
                     0.17784046583281493,  0.12312758658176584,
                     0.093095200491895472, 0.073495904687121236};
  expectTrajectory(expected, 1e-12, [](Mode mode) {
    Variable grid(nd::zeros({17, 17}, nd::float64));
    auto step = stepIn(mode, [&](const Tensor &force) {
      Tensor u = grid;
      Tensor inner =
          nd::slice(u, {0, 1}, {15, 16}) + nd::slice(u, {2, 1}, {17, 16}) +
          nd::slice(u, {1, 0}, {16, 15}) + nd::slice(u, {1, 2}, {16, 17}) +
          nd::slice(force, {1, 1}, {16, 16});
      Tensor next = nd::pad(inner / 4, {1, 1}, {1, 1});
      grid.assign(next);
      return nd::sqrt(nd::sum(nd::square(next - u)));
    });
    Tensor force = numbers<double>({17, 17}, 52);
    return everyTenth([&](int) { return step(force).item(); });
  });
}

// Lorenz' equations by Runge and Kutta; the gradient goes through the loop.
TEST(Numerics, FitAnInitialValueThroughAnIntegrator) {
  Losses expected = {25.126019081043864, 24.44463418913562,
                     23.899189979578932, 23.41134821431897,
                     22.951048693500486, 22.506619925348225};
  expectTrajectory(expected, 1e-9, [](Mode mode) {
    Variable start(nd::tensor<double>({1, 2, 3})), rho(nd::tensor<double>(20));
    nd::optim::SGD optimizer({start, rho}, {.learningRate = 1e-3});
    auto step = stepIn(mode, [&](const Tensor &wanted) {
      auto slope = [&](const Tensor &s) {
        Tensor x = nd::take(s, 0), y = nd::take(s, 1), z = nd::take(s, 2);
        return nd::stack({10 * (y - x), x * (rho - z) - y, x * y - 2 * z});
      };
      Tensor last = nd::scan(
          [&](const Tensor &s, const Tensor &) {
            double h = 0.01;
            Tensor a = slope(s), b = slope(s + h / 2 * a),
                   c = slope(s + h / 2 * b), d = slope(s + h * c);
            return s + h / 6 * (a + 2 * b + 2 * c + d);
          },
          start, 20);
      Tensor loss = nd::sum(nd::square(last - wanted));
      optimizer.step(loss);
      return loss;
    });
    Tensor wanted = nd::tensor<double>({5, 7, 9});
    return everyTenth([&](int) { return step(wanted).item(); });
  });
}

// Integers and booleans only: cells live and die on a torus.
TEST(Numerics, GameOfLife) {
  Losses expected = {32, 38, 47, 27, 34, 24};
  expectTrajectory(expected, 0, [](Mode mode) {
    std::vector<int> cells;
    for (int i = 0; i < 120; ++i)
      cells.push_back((i + (i * i) % 7 + i / 10) % 7 < 2);
    Variable grid(nd::fromData(cells, {12, 10}));
    auto roll = [](const Tensor &x, int by, int axis) {
      int64_t size = x.dim(axis), at = (by + size) % size;
      if (!at)
        return x;
      std::vector<Tensor> parts = nd::split(x, {size - at, at}, axis);
      return nd::concat({parts[1], parts[0]}, axis);
    };
    auto step = stepIn(mode, [&] {
      Tensor x = grid, around = nd::zerosLike(x);
      for (int i = -1; i <= 1; ++i)
        for (int j = -1; j <= 1; ++j)
          if (i || j)
            around += roll(roll(x, i, 0), j, 1);
      Tensor alive = x == 1;
      Tensor next = (alive & (around == 2)) | (around == 3);
      grid.assign(nd::convert(next, nd::int32));
      return nd::sum(next);
    });
    return everyTenth([&](int) { return double(step().item<int>()); });
  });
}
