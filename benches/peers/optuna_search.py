"""Optuna beside benches/search.rs: usage: TASK. Needs optuna, scipy, scikit-learn.

TASK is a JSON file: {"seeds": .., "trials": .., "curves": [study of curves], "samples": {name: [[point, value], ..]}}.
Prints JSON with what Optuna makes of it: "results", for each function of benches/search/functions.rs and each sampler as it
comes, with one and with four points open at a time, the best of each seed; "pruners", the epochs that each curve is followed for;
"importances" of each sample.
"""

import json
import math
import sys
import warnings
from pathlib import Path

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator, get_param_importances
from optuna.pruners import MedianPruner, SuccessiveHalvingPruner
from optuna.samplers import RandomSampler, TPESampler

A = [
    [10, 3, 17, 3.5, 1.7, 8],
    [0.05, 10, 17, 0.1, 8, 14],
    [3, 3.5, 1.7, 10, 17, 8],
    [17, 8, 0.05, 10, 0.1, 14],
]
P = [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]
ALPHA = [1, 1.2, 3, 3.2]


def branin(trial):
    x, y = trial.suggest_float("x0", -5, 10), trial.suggest_float("x1", 0, 15)
    valley = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann(trial):
    x = [trial.suggest_float(f"x{n}", 0, 1) for n in range(6)]
    distances = [sum(a * (x - p) ** 2 for a, x, p in zip(A[hill], x, P[hill])) for hill in range(4)]
    return -sum(alpha * math.exp(-distance) for alpha, distance in zip(ALPHA, distances))


def rosenbrock(trial):
    x = [trial.suggest_float(f"x{n}", -5, 10) for n in range(5)]
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def mixed(trial):
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam", "rmsprop"])
    momentum = trial.suggest_float("momentum", 0, 0.99) if optimizer == "sgd" else None
    rate = math.log10(trial.suggest_float("rate", 1e-5, 1, log=True))
    width = trial.suggest_int("width", 16, 256, step=16)
    smoothing = trial.suggest_float("smoothing", 0, 1)
    if optimizer == "sgd":
        handicap, off = (momentum - 0.9) ** 2, rate - math.log10(1 - momentum)
    else:
        handicap, off = (0.1, rate + 3) if optimizer == "adam" else (0.2, rate + 3.5)
    return handicap + off**2 / 4 + ((width - 144) / 128) ** 2 / 4 + (smoothing - 0.1) ** 2


def best(function, sampler, trials, jobs):
    """The first of the open points is always the first to have its value."""
    study = optuna.create_study(sampler=sampler)
    waiting = []
    for _ in range(trials):
        if len(waiting) == jobs:
            study.tell(*waiting.pop(0))
        trial = study.ask()
        waiting.append((trial, function(trial)))
    for trial, value in waiting:
        study.tell(trial, value)
    return {"value": study.best_value, "point": study.best_params}


def followed(curves, pruner):
    """How many epochs of each curve are seen before the pruner stops it."""
    study = optuna.create_study(pruner=pruner, sampler=RandomSampler(seed=0))
    lengths = []
    for curve in curves:
        trial = study.ask()
        is_pruned = False
        for epoch, value in enumerate(curve, 1):
            trial.report(value, epoch)
            is_pruned = epoch < len(curve) and trial.should_prune()
            if is_pruned:
                break
        state = optuna.trial.TrialState.PRUNED if is_pruned else optuna.trial.TrialState.COMPLETE
        study.tell(trial, None if is_pruned else min(curve), state=state)
        lengths.append(epoch)
    return lengths


def importances(sample):
    distributions = {
        "rate": FloatDistribution(1e-4, 1, log=True),
        "kind": CategoricalDistribution(["a", "b"]),
        "width": FloatDistribution(1, 100),
        "idle": FloatDistribution(0, 1),
    }
    study = optuna.create_study()
    for point, value in sample:
        study.add_trial(optuna.trial.create_trial(params=point, distributions=distributions, value=value))
    evaluators = {"PED-ANOVA": PedAnovaImportanceEvaluator(), "fANOVA": FanovaImportanceEvaluator(seed=0)}
    return {name: get_param_importances(study, evaluator=evaluator) for name, evaluator in evaluators.items()}


def main():
    task = json.loads(Path(sys.argv[1]).read_text())
    seeds, trials = task["seeds"], task["trials"]
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    functions = {"Branin": branin, "Hartmann 6": hartmann, "Rosenbrock 5": rosenbrock, "mixed space": mixed}
    samplers = {
        "tpe 1": (lambda seed: TPESampler(seed=seed), 1),
        "tpe 4": (lambda seed: TPESampler(seed=seed), 4),
        "random": (lambda seed: RandomSampler(seed=seed), 1),
    }
    results = {
        name: {
            kind: [best(function, sampler(seed), trials, jobs) for seed in range(seeds)]
            for kind, (sampler, jobs) in samplers.items()
        }
        for name, function in functions.items()
    }
    pruners = {"ASHA": lambda: SuccessiveHalvingPruner(min_resource=3, reduction_factor=3), "median rule": MedianPruner}
    found = {
        "version": optuna.__version__,
        "results": results,
        "pruners": {name: [followed(curves, pruner()) for curves in task["curves"]] for name, pruner in pruners.items()},
        "importances": {name: importances(sample) for name, sample in task["samples"].items()},
    }
    print(json.dumps(found))


main()
