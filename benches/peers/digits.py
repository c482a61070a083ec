"""The unpacked archive in PyTorch, read with PIL, and a clock."""

import time

import numpy
import torch
from PIL import Image


def split(folder, name):
    """Images [count, 784] from 0 to 1 and targets [count, 1], the 3s first."""
    threes, sevens = (sorted((folder / name / digit).iterdir()) for digit in "37")
    pixels = numpy.stack([numpy.asarray(Image.open(path)) for path in threes + sevens]).reshape(-1, 784)
    targets = torch.zeros(len(pixels), 1)
    targets[: len(threes)] = 1
    return torch.from_numpy(pixels).float() / 255, targets


def seconds(work):
    """How long it takes, and its result."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result
