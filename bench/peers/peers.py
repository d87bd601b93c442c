#!/usr/bin/env python3
"""The performance workloads in NumPy, PyTorch and JAX, written once against what the three have in common.

  peers.py FOLDER     that `omg bench --write FOLDER` has filled

NumPy and PyTorch loop over the iterations in Python, JAX scans over them in one compiled program, vectorised over the
lanes. None of them keeps statistics: only the gap at T is formed, to compare it with the answer of omg.
"""

import importlib
import json
import pathlib
import sys
import time


class Workload:
    """Arrays of a workload; `per_lane` has an entry for each lane (setting · instances + instance)."""

    def __init__(self, path, np):
        self.__dict__.update(json.loads(path.read_text()))
        numbers = np.fromfile(path.with_suffix(".bin"))
        self.array = {
            key: numbers[a["at"] : a["at"] + int(np.prod(a["shape"]))].reshape(a["shape"])
            for key, a in self.arrays.items()
        }
        self.settings = self.array[next(key for key in self.array if key.startswith("parameter"))].shape[0]
        self.np = np

    def parameter(self, name):
        return self.array["parameter " + name].reshape(self.lanes).copy()

    def per_lane(self, name):
        """lanes × entries"""
        return self.np.tile(self.array[name].T, (self.settings, 1))


def quadratic(w, x):
    """Gradient of ½ (x − x*)ᵀQ(x − x*) and the gap."""
    n = w.n
    q, center = w.per_lane("matrix").reshape(w.lanes, n, n), w.per_lane("minimiser")
    q, center = x.put(q), x.put(center)
    gradient = lambda y: x.batched(q, y - center)
    return gradient, lambda y: 0.5 * ((y - center) * gradient(y)).sum(-1)


def tridiagonal(w, x):
    quarter = x.put(w.per_lane("smoothness")) / 4
    center = x.put(w.per_lane("minimiser"))

    def gradient(y):
        one, zero = x.ones_like(y[:, :1]), x.zeros_like(y[:, :1])
        return quarter * (2 * y - x.join([one, y[:, :-1]]) - x.join([y[:, 1:], zero]))

    def gap(y):
        d = y - center
        jump = d[:, :-1] - d[:, 1:]
        return quarter[:, 0] / 2 * (d[:, 0] ** 2 + (jump**2).sum(-1) + d[:, -1] ** 2)

    return gradient, gap


def huber(w, x):
    weight, threshold, center = (x.put(w.per_lane(k)) for k in ("weight", "threshold", "minimiser"))
    gradient = lambda y: weight * x.minimum(x.maximum(y - center, -threshold), threshold)

    def gap(y):
        d = abs(y - center)
        curved = x.minimum(d, threshold)
        return (weight * curved * (d - curved / 2))[:, 0]

    return gradient, gap


def logistic(w, x):
    a = x.put(w.array["features"].reshape(w.rows, w.n))
    b = x.put(w.array["labels"])
    rate = w.array["regularisation"][0, 0]
    center = x.put(w.array["minimiser"].T)
    softplus = lambda s: x.logaddexp(s, x.zeros_like(s))
    loss = lambda y: softplus(-b * (y @ a.T)).mean(-1) + rate / 2 * (y**2).sum(-1)
    gradient = lambda y: -(b * x.sigmoid(-b * (y @ a.T))) @ a / w.rows + rate * y
    return gradient, lambda y: loss(y) - loss(center)


def gradient_descent(w, x, gradient):
    step = x.put(w.parameter("step"))[:, None]
    return lambda s, t: (s[0] - step * gradient(s[0]),), lambda start: (start,)


def heavy_ball(w, x, gradient):
    step, momentum, velocity = (x.put(w.parameter(k))[:, None] for k in ("step", "momentum", "velocity"))

    def advance(s, t):
        y, before = s
        return y + momentum * (y - before) - step * gradient(y), y

    return advance, lambda start: (start, start - velocity)


def adagrad(w, x, gradient):
    step, epsilon, initial = (x.put(w.parameter(k))[:, None] for k in ("step", "epsilon", "initial"))

    def advance(s, t):
        y, squares = s
        g = gradient(y)
        squares = squares + g * g
        return y - step * g / (squares**0.5 + epsilon), squares

    return advance, lambda start: (start, initial + 0 * start)


def elementwise_step(w, x, gradient):
    beta, initial, rate = (x.put(w.parameter(k))[:, None] for k in ("meta_step", "initial", "rate"))

    def advance(s, t):
        y, weights, g = s
        y = y - rate * weights * g
        following = gradient(y)
        return y, weights + beta * rate * g * following, following

    return advance, lambda start: (start, initial + 0 * start, gradient(start))


def nesterov(w, x, gradient):
    step = x.put(w.parameter("step"))[:, None]

    def advance(s, t):
        p, y = s
        following = y - step * gradient(y)
        return following, following + (t - 1) / (t + 2) * (following - p)

    return advance, lambda start: (start, start)


def optimistic_ftrl(w, x, gradient):
    """The rule `iterate` with weights t and the last gradient as hint."""
    beta = x.put(w.parameter("meta_step"))[:, None]

    def advance(s, t):
        y, sums, weights, first = s
        rho = 2 / (t + 1)
        y = (1 - rho) * y + rho * weights
        u = gradient(y)
        sums = sums + t * u
        return y, sums, first - beta * (sums + (t + 1) * u), first

    return advance, lambda start: (start, 0 * start, start, start)


METHODS = {f.__name__: f for f in (gradient_descent, heavy_ball, adagrad, elementwise_step, nesterov, optimistic_ftrl)}
FAMILIES = {f.__name__: f for f in (quadratic, tridiagonal, huber, logistic)}


class NumPy:
    name = "NumPy"

    def __init__(self):
        np = importlib.import_module("numpy")
        self.version = np.__version__
        self.ones_like, self.zeros_like, self.logaddexp = np.ones_like, np.zeros_like, np.logaddexp
        self.minimum, self.maximum = np.minimum, np.maximum
        self.put = self.get = lambda v: v
        self.join = lambda parts: np.concatenate(parts, 1)
        self.sigmoid = lambda s: 1 / (1 + np.exp(-s))
        self.batched = lambda q, v: np.matmul(q, v[:, :, None])[:, :, 0]

    def loop(self, advance, iterations):
        def run(state):
            for t in range(1, iterations + 1):
                state = advance(state, t)
            return state

        return run


class PyTorch(NumPy):
    name = "PyTorch"

    def __init__(self):
        torch = importlib.import_module("torch")
        torch.set_grad_enabled(False)
        self.version = torch.__version__
        self.ones_like, self.zeros_like, self.logaddexp = torch.ones_like, torch.zeros_like, torch.logaddexp
        self.minimum, self.maximum = torch.minimum, torch.maximum
        self.put = torch.from_numpy
        self.get = lambda v: v.numpy()
        self.join = lambda parts: torch.cat(parts, 1)
        self.sigmoid = torch.sigmoid
        self.batched = lambda q, v: torch.bmm(q, v[:, :, None])[:, :, 0]


class Jax:
    name = "JAX, jit(vmap(scan))"

    def __init__(self):
        jax = importlib.import_module("jax")
        jax.config.update("jax_enable_x64", True)
        jnp = jax.numpy
        self.jax = jax
        self.version = jax.__version__
        self.ones_like, self.zeros_like, self.logaddexp = jnp.ones_like, jnp.zeros_like, jnp.logaddexp
        self.minimum, self.maximum = jnp.minimum, jnp.maximum
        self.put = jnp.asarray
        self.get = importlib.import_module("numpy").asarray
        self.join = lambda parts: jnp.concatenate(parts, 1)
        self.sigmoid = jax.nn.sigmoid
        self.batched = jax.vmap(lambda q, v: q @ v)

    def loop(self, advance, iterations):
        jax = self.jax
        step = lambda state, t: (advance(state, t), None)
        run = jax.jit(lambda state: jax.lax.scan(step, state, jax.numpy.arange(1, iterations + 1))[0])
        return lambda state: jax.block_until_ready(run(state))


def measure(w, x):
    """Lane-iterations per second and the largest and smallest normalised gap at T."""
    gradient, gap = FAMILIES[w.family](w, x)
    method = w.workload.split("/")[1]
    advance, begin = METHODS[method](w, x, gradient)
    run = x.loop(advance, w.iterations)
    start = begin(x.put(w.per_lane("start")))
    began = time.perf_counter()
    state = run(start)
    seconds = time.perf_counter() - began
    if seconds < 5:  # the first run was for compilers and caches
        seconds = min(_timed(run, start) for _ in range(3))
    scale = w.np.tile(w.array["scale"], w.settings)
    gaps = x.get(gap(state[0])) / scale
    gaps = gaps[w.np.abs(gaps) <= 1e30]  # diverged lanes, NaN among them, do not count
    return w.lanes * w.iterations / seconds, gaps.max(), gaps.min()


def _timed(run, start):
    began = time.perf_counter()
    run(start)
    return time.perf_counter() - began


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        np = importlib.import_module("numpy")
    except ImportError as missing:
        sys.exit(f"peers in Python: left out, {missing}")
    for peer in (NumPy, PyTorch, Jax):
        try:
            x = peer()
        except ImportError as missing:
            print(f"{peer.name}: left out, {missing}")
            continue
        print(f"{x.name} {x.version}, lane-iterations per second")
        for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
            w = Workload(path, np)
            if w.workload.split("/")[1] not in METHODS:
                continue
            rate, largest, smallest = measure(w, x)
            # f(y) − f* of the data families loses what lies below the rounding of f.
            floor = 1e-9 if w.family == "logistic" else 1e-12
            same = all(abs(a - b) <= 1e-6 * abs(b) + floor for a, b in ((largest, w.largest), (smallest, w.smallest)))
            print(f"  {w.workload:24}{rate:10.3g}" if same else f"  {w.workload:24} DIFFERS: {largest} {w.largest}")


if __name__ == "__main__":
    main()
