"""Times a study of the two-layer net with Optuna and PyTorch: usage: FOLDER EPOCHS JOBS. Needs optuna, torch, numpy, pillow.

FOLDER is the unpacked archive. 64 trials, 8 learning rates by 8 seeds, as benches/study.rs has them; JOBS processes of one
thread share the study by a journal file, as Optuna documents it for one machine. The data is read once and shared. A trial
reports its accuracy after each epoch and writes nothing else. Prints JSON: seconds of the study from the first process to
the end of the last, of the whole script, of the median trial's training and validation, and the best accuracy.
"""

import time

began = time.perf_counter()

import json
import multiprocessing
import statistics
import sys
import tempfile
from pathlib import Path

import optuna
import torch
from digits import seconds, split
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from torch import nn

RATES = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2]
SEEDS = range(8)

folder, epochs, jobs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
optuna.logging.set_verbosity(optuna.logging.WARNING)
torch.set_num_threads(1)


def train(net, optimizer):
    for batch in torch.randperm(len(images)).split(256):
        probabilities = net(images[batch]).sigmoid()
        loss = torch.where(targets[batch] == 1, 1 - probabilities, probabilities).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def accuracy(net):
    with torch.no_grad():
        return ((net(valid_images) > 0) == (valid_targets == 1)).float().mean().item()


def fit(trial):
    rate = trial.suggest_categorical("learning_rate", RATES)
    torch.manual_seed(trial.suggest_categorical("seed", list(SEEDS)))
    net = nn.Sequential(nn.Linear(784, 30), nn.ReLU(), nn.Linear(30, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    best = 0
    for epoch in range(epochs):
        train(net, optimizer)
        value = accuracy(net)
        trial.report(value, epoch)
        best = max(best, value)
    return best


def objective(trial):
    taken, best = seconds(lambda: fit(trial))
    trial.set_user_attr("seconds", taken)
    return best


def study(path):
    return optuna.create_study(
        study_name="study", storage=JournalStorage(JournalFileBackend(path)), direction="maximize", load_if_exists=True
    )


def work(path, trials):
    study(path).optimize(objective, n_trials=trials)


(images, targets), (valid_images, valid_targets) = split(folder, "train"), split(folder, "valid")
with tempfile.TemporaryDirectory() as place:
    path = f"{place}/journal.log"
    starting = time.perf_counter()
    points = [{"learning_rate": rate, "seed": seed} for rate in RATES for seed in SEEDS]
    shared = study(path)
    for point in points:
        shared.enqueue_trial(point)
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=work, args=(path, len(points) // jobs)) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ended = time.perf_counter()
    trials = study(path).get_trials(states=[optuna.trial.TrialState.COMPLETE])
assert len(trials) == len(points), f"{len(trials)} of {len(points)} trials"
print(
    json.dumps(
        {
            "study": ended - starting,
            "total": ended - began,
            "trial": statistics.median(trial.user_attrs["seconds"] for trial in trials),
            "best": max(trial.value for trial in trials),
        }
    )
)
