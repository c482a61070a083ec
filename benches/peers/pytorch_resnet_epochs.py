"""Times the residual net's training in plain PyTorch: usage: FOLDER EPOCHS THREADS. Needs torch, numpy, pillow.

FOLDER is the unpacked archive. The net, the batches of 64 and AdamW are those of configs/resnet.toml; only training is
timed. Prints JSON: median seconds of an epoch.
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


def step(inputs, outputs, size, stride):
    convolution = nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class Residual(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.one = step(inputs, outputs, 3, 2)
        self.two = step(outputs, outputs, 3, 1)
        self.skip = step(inputs, outputs, 1, 2)

    def forward(self, x):
        return (self.two(self.one(x).relu()) + self.skip(x)).relu()


def epoch():
    for batch in torch.randperm(len(images)).split(64):
        loss = criterion(net(images[batch]), targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


images, targets = split(folder, "train")
images = images.reshape(-1, 1, 28, 28)
blocks = Residual(16, 16), Residual(16, 32), Residual(32, 64)
head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 1)
net = nn.Sequential(step(1, 16, 3, 1), nn.ReLU(), *blocks, *head)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.AdamW(net.parameters(), lr=0.001)
print(json.dumps({"epoch": statistics.median(seconds(epoch)[0] for _ in range(epochs))}))
