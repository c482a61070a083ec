"""Optuna's sampler over `train`: usage: PROGRAM ARCHIVE FOLDER SEARCH SEEDS TRIALS. Needs optuna.

The space of benches/search/net.rs. Prints, as JSON, the least validation loss of each seed's study.
"""

import json
import subprocess
import sys
from pathlib import Path

import optuna
from optuna.samplers import RandomSampler, TPESampler

program, archive, folder, search = sys.argv[1:5]
seeds, trials = int(sys.argv[5]), int(sys.argv[6])
optuna.logging.set_verbosity(optuna.logging.WARNING)


def loss(trial, runs):
    keys = {
        "optimizer.learning_rate": trial.suggest_float("optimizer.learning_rate", 0.01, 10, log=True),
        "optimizer.momentum": trial.suggest_float("optimizer.momentum", 0, 0.95),
        "model.hidden": trial.suggest_int("model.hidden", 10, 100, step=10),
        "training.epochs": 3,
        "threads": 1,
        "data.workers": 0,
        "data.source": "archive",
        "data.path": json.dumps(archive),
        "runs": json.dumps(str(runs)),
        "name": json.dumps(f"t{trial.number}"),
    }
    settings = [word for key, value in keys.items() for word in ("--set", f"{key}={value}")]
    command = [program, "two-layer", "--backend", "flex", "--quiet", *settings]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    (record,) = (runs / f"t{trial.number}").glob("*/run.json")
    return json.loads(record.read_text())["best"]["metrics"]["loss"]


def least(seed):
    sampler = TPESampler(seed=seed) if search == "tpe" else RandomSampler(seed=seed)
    study = optuna.create_study(sampler=sampler)
    runs = Path(folder) / f"optuna-{search}-{seed}"
    study.optimize(lambda trial: loss(trial, runs), n_trials=trials)
    return study.best_value


print(json.dumps([least(seed) for seed in range(seeds)]))
