"""Handgrad's NumPy engine against scikit-learn's MLPClassifier, time a training step, side by side in one run.

    python benchmarks/step_rate.py [--blocks 21] [--seconds 0.05] [--threads 1] [--layout columns] [--activation tanh]

Both train the same network (equal start, equal batches, float32) with plain gradient descent on the mean
cross-entropy of a sigmoid output, and both do all of a step: forward pass, cost, backward pass, update.
scikit-learn runs with solver="sgd", momentum=0, nesterovs_momentum=False, alpha=0 (no weight decay) and a
constant learning rate. Three pairs, from what a user calls down to the bare arithmetic:

training  the whole training, divided by its steps: `MLPClassifier.fit` against `handgrad.learn.loop.train`,
          20 batches, 20 epochs, shuffled. What each does around its steps (checks of the input, the choice of the best
          epoch) is in it.
public    one step by the public interface on a batch at hand: `partial_fit`, which checks its input, against
          `Training.step`.
bare      the body of scikit-learn's inner loop, its private `_backprop` and `_optimizer.update_params` with
          everything prepared, against `Training.step` again (which copies the batch into its buffers).

`torch` (where PyTorch is installed, a fourth column for comparison): nn.Sequential, BCEWithLogitsLoss, optim.SGD;
forward, `loss.item()`, backward, step, zero_grad on a batch at hand.

Blocks of all of them alternate, in a new random order each round, so that a change of the machine's speed meets
all alike; the figure is the median over the blocks. Before anything is timed the script takes three steps with
each from the same start, and stops where costs or parameters differ.
"""

from __future__ import annotations

import argparse
import random
import statistics
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import handgrad as hg
from handgrad.learn.loop import Batches, Plan, train
from handgrad.program.training import Training

ALPHA = 0.1
NETWORKS: tuple[tuple[tuple[int, ...], int], ...] = (((2, 16, 1), 32), ((30, 64, 64, 1), 64), ((784, 128, 1), 64))
BATCHES, EPOCHS = 20, 20  # of the whole training
Step = Callable[[], float]


def equations(layers: int, activation: str, columns: bool) -> str:
    """A network of that many layers in Python notation, examples as columns (the textbook's way) or as rows."""
    lines, previous = [], "X"
    for k in range(1, layers + 1):
        product = f"W{k} @ {previous}" if columns else f"{previous} @ W{k}"
        function = activation if k < layers else "sigmoid"
        lines += [f"Z{k} = {product} + b{k}", f"A{k} = {function}(Z{k})"]
        previous = f"A{k}"
    return "\n".join([*lines, f"J = -sum(Y * log({previous}) + (1 - Y) * log(1 - {previous})) / m"])


class Problem:
    """A network, a batch and a start, in scikit-learn's layout (examples are rows)."""

    def __init__(self, widths: tuple[int, ...], batch: int, activation: str, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.widths, self.batch, self.activation = widths, batch, activation
        self.X = rng.standard_normal((batch, widths[0])).astype(np.float32)
        self.y = rng.integers(0, 2, batch)
        self.y[:2] = 0, 1
        self.weights = [
            (rng.standard_normal((n, k)) * np.sqrt(2 / (n + k))).astype(np.float32) for n, k in pairwise(widths)
        ]

    def longer(self) -> Problem:
        """The same with as many examples as the whole training takes."""
        return Problem(self.widths, self.batch * BATCHES, self.activation)


class Handgrad:
    """`Training.step` on a batch at hand."""

    name = "step"
    steps = 1

    def __init__(self, problem: Problem, columns: bool) -> None:
        widths, batch = problem.widths, problem.batch
        layers = len(widths) - 1
        shapes = {"X": "n0, m", "Y": f"n{layers}, m"} if columns else {"X": "m, n0", "Y": f"m, n{layers}"}
        for k in range(1, layers + 1):
            shapes[f"W{k}"] = f"n{k}, n{k - 1}" if columns else f"n{k - 1}, n{k}"
            shapes[f"b{k}"] = f"n{k}, 1" if columns else f"1, n{k}"
        model = hg.parse(equations(layers, problem.activation, columns), notation="python", shapes=shapes)
        sizes = {**{f"n{k}": width for k, width in enumerate(widths)}, "m": batch}
        self.training = Training(model, hg.derive(model), sizes, np.float32)
        self.turn: Callable[[Any], Any] = np.transpose if columns else np.asarray
        for k, weight in enumerate(problem.weights, 1):
            self.training.parameters[f"W{k}"][...] = self.turn(weight)
        targets = problem.y.astype(np.float32).reshape(-1, 1)
        self.data = {"X": np.ascontiguousarray(self.turn(problem.X)), "Y": np.ascontiguousarray(self.turn(targets))}

    def step(self) -> float:
        return self.training.step(self.data, {"alpha": ALPHA})

    def parameters(self) -> list[np.ndarray]:
        arrays, layers = self.training.parameters, range(1, len(self.training.parameters) // 2 + 1)
        return [self.turn(arrays[f"W{k}"]) for k in layers] + [arrays[f"b{k}"].ravel() for k in layers]


class HandgradTraining(Handgrad):
    """`train` of `handgrad.learn.loop`: what `handgrad train` runs."""

    name = "train"
    steps = BATCHES * EPOCHS

    def __init__(self, problem: Problem, columns: bool) -> None:
        super().__init__(problem.longer(), columns)
        axis = int(columns)
        self.batches = Batches(self.data, {"X": axis, "Y": axis})
        self.plan = Plan(EPOCHS, problem.batch, ALPHA, {"alpha": ALPHA})

    def step(self) -> float:
        return train(self.training, self.batches, None, self.plan, np.random.default_rng(0)).epochs[-1].train


class ScikitLearn:
    """The body of the inner loop, with everything that `_fit` prepares prepared."""

    name = "_backprop"
    steps = 1

    def __init__(self, problem: Problem) -> None:
        self.model = classifier(problem)
        self.X, self.y = problem.X, problem.y
        self.model.partial_fit(self.X, self.y, classes=[0, 1])
        self.params = self.model.coefs_ + self.model.intercepts_
        for weight, start in zip(self.model.coefs_, problem.weights, strict=True):
            weight[...] = start
        for bias in self.model.intercepts_:
            bias[...] = 0
        self.targets = self.model._label_binarizer.transform(self.y).astype(bool)  # as `_validate_input` leaves them
        layers = len(problem.weights)
        self.activations: list[Any] = [self.X] + [None] * layers
        self.deltas: list[Any] = [None] * layers
        self.grads = [np.empty_like(weight) for weight in problem.weights]
        self.bias_grads = [np.empty_like(bias) for bias in self.model.intercepts_]

    def step(self) -> float:
        loss, weights, biases = self.model._backprop(
            self.X, self.targets, None, self.activations, self.deltas, self.grads, self.bias_grads
        )
        self.model._optimizer.update_params(self.params, weights + biases)
        return float(loss)

    def parameters(self) -> list[np.ndarray]:
        return [*self.model.coefs_, *self.model.intercepts_]


class PartialFit(ScikitLearn):
    """One step by the public interface."""

    name = "partial_fit"

    def step(self) -> float:
        self.model.partial_fit(self.X, self.y)
        return float(self.model.loss_)


class Fit:
    """The whole training."""

    name = "fit"
    steps = BATCHES * EPOCHS

    def __init__(self, problem: Problem) -> None:
        longer = problem.longer()
        self.X, self.y = longer.X, longer.y
        self.model = classifier(problem)

    def step(self) -> float:
        self.model.fit(self.X, self.y)
        return float(self.model.loss_)


def classifier(problem: Problem) -> MLPClassifier:
    """The network as scikit-learn trains it, with no early end."""
    return MLPClassifier(
        problem.widths[1:-1], activation=problem.activation, solver="sgd", alpha=0, momentum=0,
        nesterovs_momentum=False, learning_rate="constant", learning_rate_init=ALPHA, shuffle=True,
        batch_size=problem.batch, max_iter=EPOCHS, tol=0, n_iter_no_change=EPOCHS + 1, random_state=0,
    )  # fmt: skip


class Torch:
    """The same in PyTorch's usual way."""

    name = "torch"
    steps = 1

    def __init__(self, problem: Problem) -> None:
        torch = import_module("torch")
        modules: list[Any] = []
        for k, weight in enumerate(problem.weights):
            linear = torch.nn.Linear(*weight.shape)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(weight.T.copy()))
                linear.bias.zero_()
            hidden = torch.nn.Tanh() if problem.activation == "tanh" else torch.nn.ReLU()
            modules += [linear, hidden] if k < len(problem.weights) - 1 else [linear]
        self.net = torch.nn.Sequential(*modules)
        self.cost = torch.nn.BCEWithLogitsLoss()
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=ALPHA)
        self.X = torch.from_numpy(problem.X)
        self.y = torch.from_numpy(problem.y.astype(np.float32).reshape(-1, 1))

    def step(self) -> float:
        loss = self.cost(self.net(self.X), self.y)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return float(loss.item())

    def parameters(self) -> list[np.ndarray]:
        linear = [module for module in self.net if hasattr(module, "weight")]
        weights = [module.weight.detach().numpy().T for module in linear]
        return weights + [module.bias.detach().numpy() for module in linear]


def steppers(problem: Problem, columns: bool) -> list[Any]:
    """What takes single steps, all at the same start, Handgrad first."""
    found: list[Any] = [Handgrad(problem, columns), ScikitLearn(problem), PartialFit(problem)]
    return [*found, Torch(problem)] if find_spec("torch") else found


def agree(problem: Problem, columns: bool) -> None:
    """Three steps from the same start: the same costs, the same parameters."""
    first, *others = steppers(problem, columns)
    costs = [first.step() for _ in range(3)]
    for other in others:
        np.testing.assert_allclose([other.step() for _ in range(3)], costs, rtol=1e-4, err_msg=other.name)
        for ours, theirs in zip(first.parameters(), other.parameters(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5, err_msg=other.name)


def measure(problem: Problem, columns: bool, blocks: int, seconds: float) -> dict[str, float]:
    """Microseconds a step of each: the median over blocks that last about `seconds`."""
    contestants = [HandgradTraining(problem, columns), Fit(problem), *steppers(problem, columns)]
    counts = {runner.name: _count(runner, seconds) for runner in contestants}
    times: dict[str, list[float]] = {runner.name: [] for runner in contestants}
    for _ in range(blocks):
        for runner in random.sample(contestants, len(contestants)):
            count, step = counts[runner.name], runner.step
            start = perf_counter()
            for _ in range(count):
                step()
            times[runner.name].append((perf_counter() - start) / count / runner.steps * 1e6)
    return {name: statistics.median(found) for name, found in times.items()}


def _count(runner: Any, seconds: float) -> int:
    """How many calls a block takes; warms up on the way."""
    once = 100 // runner.steps
    for _ in range(2 * once):
        runner.step()
    start = perf_counter()
    for _ in range(once):
        runner.step()
    return max(1, int(seconds * once / (perf_counter() - start)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--blocks", type=int, default=21)
    parser.add_argument("--seconds", type=float, default=0.05, help="of one block")
    parser.add_argument("--threads", type=int, default=1, help="of the BLAS and of PyTorch; 0: as they choose")
    parser.add_argument("--layout", choices=("columns", "rows"), default="columns", help="examples in Handgrad's X")
    parser.add_argument("--activation", choices=("tanh", "relu"), default="tanh", help="of the hidden layers")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    if options.threads and find_spec("torch"):
        import_module("torch").set_num_threads(options.threads)
    with threadpool_limits(options.threads or None):
        compare(options)


def compare(options: argparse.Namespace) -> None:
    columns = options.layout == "columns"
    threads = options.threads or "free"
    print(f"µs a step; float32, {options.activation}, examples in {options.layout}, threads: {threads}")
    shown = ("train", "fit", "step", "partial_fit", "_backprop", "torch")
    pairs = (("fit", "train"), ("partial_fit", "step"), ("_backprop", "step"))
    for place, (widths, batch) in enumerate(NETWORKS):
        problem = Problem(widths, batch, options.activation)
        agree(problem, columns)
        found = measure(problem, columns, options.blocks, options.seconds)
        names = [name for name in shown if name in found]
        if place == 0:
            print(f"{'network':<11} {'batch':>5} " + " ".join(f"{name:>11}" for name in names)
                  + " " + " ".join(f"{f'{theirs}/{ours}':>16}" for theirs, ours in pairs))  # fmt: skip
        ratios = " ".join(f"{found[theirs] / found[ours]:>16.2f}" for theirs, ours in pairs)
        name = "-".join(map(str, widths))
        print(f"{name:<11} {batch:>5} " + " ".join(f"{found[name]:>11.1f}" for name in names) + " " + ratios)


if __name__ == "__main__":
    main()
