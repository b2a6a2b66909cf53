#!/usr/bin/env python3
"""trajectories.py - prints the expected values of test/end2end/*.cpp.

Needs JAX on a CPU (made with jax 0.10.2); not part of the build.
"""
import sys

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_threefry_partitionable", True)
jax.config.update("jax_default_matmul_precision", "highest")
programs = []


def program(function):
    programs.append(function)
    return function


def numbers(shape, seed, scale=1, dtype=np.float32):
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    mixed = (i * 7919 + seed * 104729 + (i * i) % 1013) % 2003
    values = (mixed / 1001.5 - 1).astype(dtype) * dtype(scale)
    return jnp.asarray(values.reshape(shape))


def doubles(shape, seed, scale=1):
    return numbers(shape, seed, scale, np.float64)


def classes(shape, count, seed):
    i = np.arange(int(np.prod(shape)), dtype=np.int64)
    mixed = i * 31 + seed * 17 + (i * i) % 7
    return jnp.asarray((mixed % count).reshape(shape))


def zeros(*shape):
    return jnp.zeros(shape, jnp.float32)


class Draws:
    """needle's draws without a key: foldIn(Key(7), count)."""

    def __init__(self, count=0):
        self.count = count

    def key(self):
        self.count += 1
        return jax.random.fold_in(jax.random.key(7), self.count - 1)

    def normal(self, shape):
        return jax.random.normal(self.key(), shape, jnp.float32)


def cross_entropy(logits, labels):
    logs = jax.nn.log_softmax(logits, -1)
    return -jnp.mean(jnp.take_along_axis(logs, labels[:, None], 1))


def absolute(x):  # derivative 0 at 0
    return x * jax.lax.stop_gradient(jnp.sign(x))


class Sgd:
    def __init__(self, rate, momentum=0.0, nesterov=False):
        self.rate, self.momentum, self.nesterov = rate, momentum, nesterov
        self.slots = None

    def __call__(self, values, gradients):
        slots = gradients
        if self.momentum and self.slots:
            pairs = zip(self.slots, gradients)
            slots = [self.momentum * u + g for u, g in pairs]
        self.slots = slots
        if self.nesterov:
            slots = [g + self.momentum * u for u, g in zip(slots, gradients)]
        return [v - self.rate * u for v, u in zip(values, slots)]


class Adam:
    def __init__(self, rate):
        self.rate, self.m, self.v, self.t = rate, None, None, 0

    def __call__(self, values, gradients):
        if not self.t:
            self.m = self.v = [jnp.zeros_like(v) for v in values]
        self.t += 1
        a, b, t = 0.9, 0.999, self.t
        self.m = [a * m + (1 - a) * g for m, g in zip(self.m, gradients)]
        self.v = [b * v + (1 - b) * g * g for v, g in zip(self.v, gradients)]
        updated = []
        for p, m, v in zip(values, self.m, self.v):
            root = jnp.sqrt(v / (1 - b**t)) + 1e-8
            updated.append(p - self.rate * m / (1 - a**t) / root)
        return [u.astype(p.dtype) for u, p in zip(updated, values)]


def clipped(gradients, most):
    norm = np.sqrt(sum(jnp.sum(g * g) for g in gradients))
    return [g * min(1, most / (norm + 1e-6)) for g in gradients]


def train(loss, values, update, arguments=lambda i: ()):
    step = jax.jit(jax.value_and_grad(loss))
    losses = []
    for i in range(51):
        value, gradients = step(values, *arguments(i))
        values = update(values, gradients)
        losses.append(float(value))
    return losses[::10]


@program
def ResidualMlpWithNormDropoutAndAdam():
    block = [(16, 16), (16,), (16,), (16,)]
    shapes = [(6, 16), (16,)] + block + block + [(16, 4), (4,)]
    values = [numbers(s, 50 + i, 0.4) for i, s in enumerate(shapes)]
    for scale in (4, 8):
        values[scale] = values[scale] + np.float32(1)
    x, labels = numbers((7, 6), 4), classes((7,), 4, 1)
    draws = Draws(8)  # four layers have drawn two parameters each

    def loss(p, keys):
        h = x @ p[0] + p[1]
        for block in (0, 1):
            w, b, scale, offset = p[2 + 4 * block : 6 + 4 * block]
            center = h - h.mean(-1, keepdims=True)
            n = center / jnp.sqrt((center**2).mean(-1, keepdims=True) + 1e-5)
            u = jnp.tanh((n * scale + offset) @ w + b)
            keep = jax.random.bernoulli(keys[block], np.float32(0.75), u.shape)
            h = h + jnp.where(keep, u / 0.75, 0)
        return cross_entropy(h @ p[-2] + p[-1], labels)

    def keys(i):
        return ([draws.key(), draws.key()],)

    return train(loss, values, Adam(0.01), keys)


@program
def AccumulatedAndClippedGradients():
    x, labels = numbers((32, 10), 23), classes((32,), 3, 5)
    sgd = Sgd(0.5, 0.8)
    return train(
        lambda p: cross_entropy(jnp.tanh(x @ p[0]) @ p[1], labels),
        [numbers((10, 8), 21), numbers((8, 3), 22)],
        lambda p, g: sgd(p, clipped(g, 0.1)),
    )


@program
def BatchNormKeepsRunningStatistics():
    values = [zeros(8) + 1, zeros(8), numbers((5, 8), 30), numbers((8, 2), 31)]
    mean, variance = zeros(8), zeros(8) + 1
    sgd, losses = Sgd(0.1, 0.5, True), []

    def loss(p, x, labels):
        h = x @ p[2]
        center = h.mean(0)
        spread = ((h - center) ** 2).mean(0)
        h = (h - center) / jnp.sqrt(spread + 1e-5) * p[0] + p[1]
        return cross_entropy(jax.nn.relu(h) @ p[3], labels), (center, spread)

    step = jax.jit(jax.value_and_grad(loss, has_aux=True))
    for i in range(51):
        x, labels = numbers((16, 5), 32 + i % 5), classes((16,), 2, i % 5)
        (value, (center, spread)), g = step(values, x, labels)
        values = sgd(values, g)
        mean = 0.9 * mean + 0.1 * center
        variance = 0.9 * variance + 0.1 * spread
        losses.append(float(value))
    return losses[::10] + [float(mean.sum()), float(variance.sum())]


@program
def LstmWithClippedGradients():
    xs, ys, sgd = doubles((11, 4, 3), 8), doubles((11, 4, 2), 9), Sgd(0.5, 0.9)
    values = [doubles((3, 24), 5, 0.5), doubles((6, 24), 6, 0.5)]
    values += [jnp.zeros(24), doubles((6, 2), 7)]

    def loss(p):
        def cell(state, x):
            h, c = state
            a, b, d, e = jnp.split(x @ p[0] + h @ p[1] + p[2], 4, 1)
            c = jax.nn.sigmoid(a) * c + jax.nn.sigmoid(b) * jnp.tanh(d)
            h = jax.nn.sigmoid(e) * jnp.tanh(c)
            return (h, c), h

        first = (jnp.zeros((4, 6)), jnp.zeros((4, 6)))
        (_, c), hs = jax.lax.scan(cell, first, xs)
        return jnp.mean((hs @ p[3] - ys) ** 2) + 1e-3 * jnp.sum(c * c)

    return train(loss, values, lambda p, g: sgd(p, clipped(g, 0.5)))


@program
def LoopsInBothDirections():
    xs, labels = numbers((6, 7, 3), 14), classes((7,), 2, 3)
    values = [numbers((3, 5), 10), numbers((5, 5), 11, 0.4)]
    values += [numbers((8, 5), 12), numbers((10, 2), 13)]

    def loss(p):
        def cell(h, x):
            keep = jax.nn.sigmoid(jnp.concatenate([x, h], 1) @ p[2])
            h = keep * h + (1 - keep) * jnp.tanh(x @ p[0] + h @ p[1])
            return h, h

        forth = jax.lax.scan(cell, zeros(7, 5), xs)[1]
        back = jax.lax.scan(cell, zeros(7, 5), xs, reverse=True)[1]
        mean = jnp.concatenate([forth, back], 2).mean(0)
        return cross_entropy(mean @ p[3], labels)

    return train(loss, values, Adam(0.02))


@program
def CausalAttentionOverTiedEmbeddings():
    ids, labels = classes((3, 6), 11, 4), classes((18,), 11, 5)
    shapes = [(11, 8), (6, 8), (8, 24), (8, 8)]
    values = [numbers(s, 100 + i, 0.5) for i, s in enumerate(shapes)]

    def attention(x, project, merge, heads):
        b, t, d = x.shape
        parts = jnp.split(x @ project, 3, -1)
        parts = [u.reshape(b, t, heads, -1) for u in parts]
        q, k, v = [u.transpose(0, 2, 1, 3) for u in parts]
        scores = q @ k.swapaxes(-1, -2) / np.float32(np.sqrt(d // heads))
        seen = np.tril(np.ones((t, t), bool))
        scores = jnp.where(seen, scores, np.float32(-1e9))
        mixed = (jax.nn.softmax(scores, -1) @ v).transpose(0, 2, 1, 3)
        return x + mixed.reshape(b, t, d) @ merge

    def loss(p):
        x = p[0][ids] + p[1]
        x = attention(attention(x, p[2], p[3], 2), p[2], p[3], 4)
        return cross_entropy((x @ p[0].T).reshape(18, 11), labels)

    return train(loss, values, Adam(0.01))


@program
def VariationalAutoencoder():
    x, draws = numbers((16, 10), 3), Draws()

    def loss(p, noise):
        mean, log = jnp.split(x @ p[0], 2, 1)
        z = mean + jnp.exp(0.5 * log) * noise
        error = (jnp.tanh(z @ p[1]) - x) ** 2
        divergence = mean**2 + jnp.exp(log) - 1 - log
        return (jnp.sum(error) + 0.05 * jnp.sum(divergence)) / 16

    values = [numbers((10, 8), 1, 0.5), numbers((4, 10), 2, 0.5)]
    return train(loss, values, Adam(0.01), lambda i: (draws.normal((16, 4)),))


@program
def AdversariesWithTwoOptimizers():
    def softplus(x):
        return jax.nn.relu(x) + jnp.log(1 + jnp.exp(-absolute(x)))

    def mlp(p, x):
        return jax.nn.relu(x @ p[0] + p[1]) @ p[2]

    def make(i, h, o, seed):
        second = numbers((h, o), seed + 1, 0.5)
        return [numbers((i, h), seed, 0.5), zeros(h), second]

    maker, judge = make(2, 8, 3, 10), make(3, 8, 1, 20)
    real = numbers((12, 3), 30)
    makes, judges, draws, losses = Adam(0.005), Adam(0.005), Draws(), []

    @jax.jit
    @jax.value_and_grad
    def judged(j, m, z):
        made = jnp.mean(softplus(mlp(j, mlp(m, z))))
        return jnp.mean(softplus(-mlp(j, real))) + made

    @jax.jit
    @jax.value_and_grad
    def made(m, j, z):
        return jnp.mean(softplus(-mlp(j, mlp(m, z))))

    for _ in range(51):
        a, g = judged(judge, maker, draws.normal((12, 2)))
        judge = judges(judge, g)
        b, g = made(maker, judge, draws.normal((12, 2)))
        maker = makes(maker, g)
        losses.append(float(a) + 10 * float(b))
    return losses[::10]


@program
def NewtonsMethodInTwoVariables():
    def f(p):
        x, y = p
        sides = jnp.exp(x + 3 * y - 0.1) + jnp.exp(x - 3 * y - 0.1)
        return sides + jnp.exp(-x - 0.1) + jnp.tanh(x * y) ** 2

    p, values = jnp.array([0.9, -0.7]), []
    for _ in range(51):
        values.append(float(f(p)))
        p = p - 0.1 * jnp.linalg.solve(jax.hessian(f)(p), jax.grad(f)(p))
    return values[::10]


@program
def CurvatureByHessianVectorProducts():
    shapes = [(4, 5), (5, 1), (9, 4), (9, 1), (4, 5)]
    w, u, x, y, v = [doubles(s, 40 + i) for i, s in enumerate(shapes)]

    def loss(w):
        return jnp.mean((jnp.tanh(x @ w) @ u - y) ** 2)

    product = jax.jit(lambda v: jax.jvp(jax.grad(loss), (w,), (v,))[1])
    values = []
    for _ in range(51):
        h = product(v)
        values.append(float(jnp.sum(h * v) / jnp.sum(v * v)))
        v = h / jnp.sqrt(jnp.sum(h * h))
    return values[::10]


@program
def JacobiRelaxation():
    u, values = np.zeros((17, 17)), []
    force = np.asarray(doubles((17, 17), 52))[1:-1, 1:-1]
    for _ in range(51):
        inner = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
        following = np.pad((inner + force) / 4, 1)
        values.append(float(np.sqrt(((following - u) ** 2).sum())))
        u = following
    return values[::10]


@program
def FitAnInitialValueThroughAnIntegrator():
    wanted, h = jnp.array([5.0, 7, 9]), 0.01

    def loss(p):
        def slope(s):
            x, y, z = s
            return jnp.stack([10 * (y - x), x * (p[1] - z) - y, x * y - 2 * z])

        def step(s, _):
            a = slope(s)
            b = slope(s + h / 2 * a)
            c = slope(s + h / 2 * b)
            d = slope(s + h * c)
            return s + h / 6 * (a + 2 * b + 2 * c + d), None

        return jnp.sum((jax.lax.scan(step, p[0], None, 20)[0] - wanted) ** 2)

    return train(loss, [jnp.array([1.0, 2, 3]), jnp.array(20.0)], Sgd(1e-3))


@program
def GameOfLife():
    i = np.arange(120)
    x = ((i + i * i % 7 + i // 10) % 7 < 2).astype(int).reshape(12, 10)
    places = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b]
    values = []
    for _ in range(51):
        around = sum(np.roll(x, place, (0, 1)) for place in places)
        x = (((x == 1) & (around == 2)) | (around == 3)).astype(int)
        values.append(int(x.sum()))
    return values[::10]


for function in programs:
    if len(sys.argv) < 2 or function.__name__ in sys.argv[1:]:
        print(function.__name__, ", ".join("%.17g" % v for v in function()))
