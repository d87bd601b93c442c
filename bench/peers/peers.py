#!/usr/bin/env python3
"""The performance workloads in NumPy, PyTorch and JAX, written once against what the three have in common.

  peers.py FOLDER     that `omg bench --write FOLDER` has filled

NumPy and PyTorch loop over the iterations in Python, JAX scans over them in one compiled program, vectorised over the
lanes; on a GPU, PyTorch also replays a captured CUDA graph. None of them keeps statistics: only the gap at T is formed,
to compare it with the answer of omg before anything is timed. All take turns, omg among them where --omg names it, and
the medians of the rounds are shown.
"""

import argparse
import importlib
import json
import math
import os
import pathlib
import statistics
import subprocess
import time


class Workload:
    """Arrays of a workload; `per_lane` has an entry for each lane (setting · instances + instance)."""

    def __init__(self, path, np):
        self.path = path
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
    name, what = "NumPy", "arrays over the lanes, a loop in Python"

    def __init__(self, device, precision):
        if device != "cpu":
            raise ImportError("it has no GPU")
        np = importlib.import_module("numpy")
        np.seterr(all="ignore")  # lanes may diverge
        self.version = np.__version__
        self.ones_like, self.zeros_like, self.logaddexp = np.ones_like, np.zeros_like, np.logaddexp
        self.minimum, self.maximum = np.minimum, np.maximum
        self.put = lambda v: v.astype(precision)
        self.get = lambda v: v
        self.join = lambda parts: np.concatenate(parts, 1)
        self.sigmoid = lambda s: 1 / (1 + np.exp(-s))
        self.batched = lambda q, v: np.matmul(q, v[:, :, None])[:, :, 0]

    def loop(self, advance, iterations, start):
        """The whole run from `start` as a function that returns the last state."""

        def run():
            state = start
            for t in range(1, iterations + 1):
                state = advance(state, t)
            return state

        return run


class PyTorch(NumPy):
    name, what = "PyTorch", "arrays over the lanes, a loop in Python"

    def __init__(self, device, precision):
        torch = self.torch = importlib.import_module("torch")
        if device == "cuda" and not torch.cuda.is_available():
            raise ImportError("it sees no GPU")
        try:
            torch.from_numpy(importlib.import_module("numpy").zeros(1))
        except RuntimeError as mismatch:  # built for another NumPy
            raise ImportError(str(mismatch)) from None
        torch.set_grad_enabled(False)
        self.device, self.dtype = device, getattr(torch, precision)
        self.version = torch.__version__
        self.ones_like, self.zeros_like, self.logaddexp = torch.ones_like, torch.zeros_like, torch.logaddexp
        self.minimum, self.maximum = torch.minimum, torch.maximum
        self.put = lambda v: torch.from_numpy(v).to(device, self.dtype)
        self.get = lambda v: v.cpu().numpy()
        self.join = lambda parts: torch.cat(parts, 1)
        self.sigmoid = torch.sigmoid
        self.batched = lambda q, v: torch.bmm(q, v[:, :, None])[:, :, 0]

    def wait(self):
        if self.device == "cuda":
            self.torch.cuda.synchronize()

    def loop(self, advance, iterations, start):
        plain = super().loop(advance, iterations, start)

        def run():
            state = plain()
            self.wait()
            return state

        return run


class PyTorchGraph(PyTorch):
    name, what = "PyTorch-graph", "up to 100 iterations captured in a CUDA graph"

    def __init__(self, device, precision):
        if device != "cuda":
            raise ImportError("CUDA graphs need a GPU")
        super().__init__(device, precision)

    def captured(self, work):
        """The device's part of work() as a graph that can be launched again and again."""
        torch = self.torch
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # libraries allocate on their first call, which a capture cannot hold
            work()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            work()
        return graph.replay

    def loop(self, advance, iterations, start):
        state = [part.clone() for part in start]
        t = self.torch.ones((), dtype=self.dtype, device=self.device)
        length = math.gcd(iterations, 100)

        def some():
            now = tuple(state)
            for _ in range(length):
                now = advance(now, t)
                t.add_(1)
            for old, new in zip(state, [part.clone() for part in now]):  # a new part may be another old one
                old.copy_(new)

        replay = self.captured(some)

        def run():
            for part, first in zip(state, start):
                part.copy_(first)
            t.fill_(1)
            for _ in range(iterations // length):
                replay()
            self.wait()
            return state

        return run


class Jax:
    name, what = "JAX", "jit(vmap(scan))"

    def __init__(self, device, precision):
        if device == "cpu":
            os.environ["JAX_PLATFORMS"] = "cpu"
        jax = self.jax = importlib.import_module("jax")
        if device == "cuda" and jax.default_backend() != "gpu":
            raise ImportError("it sees no GPU")
        jax.config.update("jax_enable_x64", precision == "float64")
        jax.config.update("jax_default_matmul_precision", "highest")  # no TF32
        jnp = jax.numpy
        self.version = jax.__version__
        self.ones_like, self.zeros_like, self.logaddexp = jnp.ones_like, jnp.zeros_like, jnp.logaddexp
        self.minimum, self.maximum = jnp.minimum, jnp.maximum
        self.put = lambda v: jnp.asarray(v, precision)
        self.get = importlib.import_module("numpy").asarray
        self.join = lambda parts: jnp.concatenate(parts, 1)
        self.sigmoid = jax.nn.sigmoid
        self.batched = jax.vmap(lambda q, v: q @ v)

    def loop(self, advance, iterations, start):
        jax = self.jax
        step = lambda state, t: (advance(state, t), None)
        run = jax.jit(lambda state: jax.lax.scan(step, state, jax.numpy.arange(1, iterations + 1))[0])
        return lambda: jax.block_until_ready(run(start))


def prepared(w, x, precision):
    """The workload as a function that runs it once, and None; or None and how its answer differs from omg's."""
    np = w.np
    gradient, gap = FAMILIES[w.family](w, x)
    advance, begin = METHODS[w.workload.split("/")[1]](w, x, gradient)
    run = x.loop(advance, w.iterations, begin(x.put(w.per_lane("start"))))
    gaps = x.get(gap(run()[0])) / np.tile(w.array["scale"], w.settings)  # the first run is for compilers and caches, too
    gaps = gaps[np.abs(gaps) <= 1e30]  # diverged lanes, NaN among them, do not count
    # f(y) − f* of the data families loses what lies below the rounding of f.
    relative, floor = (1e-6, 1e-9 if w.family == "logistic" else 1e-12) if precision == "float64" else (2e-2, 1e-4)
    for ours, theirs in ((gaps.max(), w.largest), (gaps.min(), w.smallest)):
        if not abs(ours - theirs) <= relative * abs(theirs) + floor:
            return None, f"{ours:.9g} in place of {theirs:.9g}"
    return run, None


def rate(w, run):
    """Lane-iterations per second: the best of at least three runs and half a second."""
    best, spent, runs = math.inf, 0.0, 0
    while (runs < 3 or spent < 0.5) and spent < 5:
        began = time.perf_counter()
        run()
        seconds = time.perf_counter() - began
        best, spent, runs = min(best, seconds), spent + seconds, runs + 1
    return w.lanes * w.iterations / best


def omg_rate(program, w, device, precision):
    command = [program, "bench", w.workload, "--json", "--backend", device]
    command += ["--float32"] if precision == "float32" else []
    out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return out["workloads"][0][device]["lane_iterations_per_second"]


def other_rate(program, w):
    """Of a peer that is a program of its own, or None where it does not know the workload."""
    text = subprocess.run([program, w.path.with_suffix("")], check=True, capture_output=True, text=True).stdout
    return float(text) if text.strip() else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--only", default="", metavar="NAME", help="workloads whose name holds it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--omg", type=pathlib.Path, help="takes its turns")
    parser.add_argument("--ensmallen", type=pathlib.Path, help="the program of ensmallen_peer.cpp; takes its turns")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE")
    given = parser.parse_args()
    precision = "float32" if given.float32 else "float64"
    result = {"device": given.device, "precision": precision, "rounds": given.rounds, "missing": [], "peers": {}, "rates": []}
    try:
        np = importlib.import_module("numpy")
    except ImportError as missing:
        parser.exit(3, f"peers in Python: left out, {missing}\n")
    peers = []
    for peer in (NumPy, PyTorch, PyTorchGraph, Jax):
        try:
            peers.append(peer(given.device, precision))
        except ImportError as missing:
            result["missing"].append(f"{peer.name}: left out, {missing}")
            print(result["missing"][-1])
    for x in peers:
        result["peers"][x.name] = {"version": x.version, "what": x.what}
        print(f"{x.name} {x.version}: {x.what}")
    print(f"\nLane-iterations per second, {precision}, {given.device}, median of {given.rounds} rounds; omg ÷ peer beside them.")

    for path in sorted(given.folder.glob("*.json")):
        w = Workload(path, np)
        if w.workload.split("/")[1] not in METHODS or given.only not in w.workload:
            continue
        turns, wrong = {}, {}
        if given.omg:
            turns["omg"] = lambda: omg_rate(given.omg, w, given.device, precision)
        for x in peers:
            run, difference = prepared(w, x, precision)
            if run:
                turns[x.name] = lambda run=run: rate(w, run)
            else:
                wrong[x.name] = difference
        if given.ensmallen and precision == "float64" and given.device == "cpu":
            try:
                if other_rate(given.ensmallen, w):
                    turns["ensmallen"] = lambda: other_rate(given.ensmallen, w)
            except subprocess.CalledProcessError as failed:
                wrong["ensmallen"] = failed.stderr.strip()
        rounds = [{name: turn() for name, turn in turns.items()} for _ in range(given.rounds)]
        medians = {name: statistics.median(one[name] for one in rounds) for name in turns}
        for name, median in medians.items():
            row = {"workload": w.workload, "peer": name, "lane_iterations_per_second": median}
            if given.omg and name != "omg":
                row["omg_ratio"] = statistics.median(one["omg"] / one[name] for one in rounds)
            result["rates"].append(row)
            ratio = f"{row['omg_ratio']:8.1f}" if "omg_ratio" in row else ""
            print(f"  {w.workload:24}{name:14}{median:10.3g}{ratio}", flush=True)
        for name, difference in wrong.items():
            result["rates"].append({"workload": w.workload, "peer": name, "differs": difference})
            print(f"  {w.workload:24}{name:14} DIFFERS: {difference}", flush=True)
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
