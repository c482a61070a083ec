"""Times the two-layer net with fastai's Learner: usage: FOLDER EPOCHS THREADS. Needs fastai.

FOLDER is the unpacked archive. Prints JSON: seconds of an epoch (training, validation, metric) and of the whole script.
"""

import json
import sys
import time

began = time.perf_counter()

from fastai.vision.all import *  # noqa: E402,F403

folder, epochs, threads = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
set_seed(0)


def split(name):
    stacks = [torch.stack([tensor(Image.open(path)) for path in (folder / name / digit).ls().sorted()]) for digit in "37"]
    images = torch.cat(stacks).view(-1, 28 * 28).float() / 255
    return list(zip(images, tensor([1] * len(stacks[0]) + [0] * len(stacks[1])).unsqueeze(1)))


def mnist_loss(predictions, targets):
    predictions = predictions.sigmoid()
    return torch.where(targets == 1, 1 - predictions, predictions).mean()


def batch_accuracy(predictions, targets):
    return ((predictions.sigmoid() > 0.5) == targets).float().mean()


loaders = DataLoaders(DataLoader(split("train"), batch_size=256, shuffle=True), DataLoader(split("valid"), batch_size=256))
net = nn.Sequential(nn.Linear(784, 30), nn.ReLU(), nn.Linear(30, 1))
learner = Learner(loaders, net, opt_func=SGD, loss_func=mnist_loss, metrics=batch_accuracy)
fitting = time.perf_counter()
with learner.no_bar(), learner.no_logging():
    learner.fit(epochs, lr=0.1)
ended = time.perf_counter()
print(json.dumps({"epoch": (ended - fitting) / epochs, "total": ended - began}))
