"""Times the two-layer net's training in plain PyTorch: usage: FOLDER EPOCHS THREADS. Needs torch, numpy, pillow.

FOLDER is the unpacked archive. Batches are gathered by index from one tensor, the fastest way in PyTorch; only training
is timed. Prints JSON: seconds to read the files with PIL, median seconds of an epoch, accuracy at the end.
"""

import json
import statistics
import sys
from pathlib import Path

import torch
from digits import seconds, split
from torch import nn

folder, epochs, threads = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.manual_seed(0)


def epoch():
    order = torch.randperm(len(images))
    for batch in order.split(256):
        probabilities = net(images[batch]).sigmoid()
        loss = torch.where(targets[batch] == 1, 1 - probabilities, probabilities).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


loading, ((images, targets), (valid_images, valid_targets)) = seconds(lambda: (split(folder, "train"), split(folder, "valid")))
net = nn.Sequential(nn.Linear(784, 30), nn.ReLU(), nn.Linear(30, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
times = [seconds(epoch)[0] for _ in range(epochs)]
with torch.no_grad():
    accuracy = ((net(valid_images) > 0) == (valid_targets == 1)).float().mean().item()
print(json.dumps({"load": loading, "epoch": statistics.median(times), "accuracy": accuracy}))
