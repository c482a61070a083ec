"""A run's model in PyTorch: its network under the same names, and images as the program makes them.

usage: pytorch.py RUN IMAGE..      prints the class and its probability. Needs: torch, safetensors, numpy, pillow.

In a program: `net, classes, shape = load("runs/folder/20260101-120000")`, then `net(images)` gives the logits of images
`[batch, channels, height, width]` with values from 0 to 1; `probabilities(logits)` those of the classes in their order.
"""

import json
import sys

import numpy
import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch import nn


class Residual(nn.Module):
    def __init__(self, i, o, has_skip):
        super().__init__()
        step = lambda i, size, stride: nn.Sequential(nn.Conv2d(i, o, size, stride, size // 2, bias=False), nn.BatchNorm2d(o))
        stride = 2 if has_skip else 1
        self.one, self.two = step(i, 3, stride), step(o, 3, 1)
        self.skip = step(i, 1, stride) if has_skip else nn.Identity()

    def forward(self, x):
        return (self.two(self.one(x).relu()) + self.skip(x)).relu()


def resnet(state):
    o, i = state["0.weight"].shape[:2]
    layers = [nn.Conv2d(i, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
    while f"{len(layers)}.one.0.weight" in state:
        o, i = state[f"{len(layers)}.one.0.weight"].shape[:2]
        layers.append(Residual(i, o, f"{len(layers)}.skip.0.weight" in state))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(o, state[f"{len(layers) + 2}.bias"].numel()))


def simple_cnn(state):
    layers = []
    while f"{len(layers)}.0.weight" in state:
        o, i, size, _ = state[f"{len(layers)}.0.weight"].shape
        relu = [nn.ReLU()] if f"{len(layers)}.2.weight" in state else []
        layers.append(nn.Sequential(nn.Conv2d(i, o, size, 2, size // 2), *relu, nn.BatchNorm2d(o)))
    return nn.Sequential(*layers, nn.Flatten())


def load(run):
    """The network, the names of the classes, and channels, rows and columns of the images it takes."""
    state, record = load_file(f"{run}/model.safetensors"), json.load(open(f"{run}/run.json"))
    linear = lambda name: nn.Linear(*reversed(state[f"{name}weight"].shape))
    net = {
        "linear": lambda: linear(""),
        "two-layer": lambda: nn.Sequential(linear("0."), nn.ReLU(), linear("2.")),
        "resnet": lambda: resnet(state),
        "simple-cnn": lambda: simple_cnn(state),
    }[record["model"]["kind"]]()
    net.load_state_dict(state)
    if record["model"]["kind"] in ("linear", "two-layer"):
        net = nn.Sequential(nn.Flatten(), net)
    return net.eval(), record["data"]["classes"], [record["model"][key] for key in ("channels", "height", "width")]


def image(path, channels, height, width, fit="crop"):
    """An image file turned as its camera says and resized as `data.fit` says; what is transparent on black."""
    picture = ImageOps.exif_transpose(Image.open(path))
    if picture.mode in ("RGBA", "LA", "P"):
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "black"), picture)
    picture = picture.convert("L" if channels == 1 else "RGB")
    resize = {"crop": ImageOps.fit, "pad": ImageOps.contain, "squish": Image.Image.resize}[fit]
    resized = resize(picture, (width, height), Image.BICUBIC)
    picture = Image.new(picture.mode, (width, height))
    picture.paste(resized, ((width - resized.width) // 2, (height - resized.height) // 2))
    return torch.from_numpy(numpy.array(picture)).reshape(height, width, channels).permute(2, 0, 1).float() / 255


def probabilities(logits):
    """Of each class; two classes have one logit, of the first."""
    if logits.shape[1] > 1:
        return logits.softmax(1)
    return torch.cat([logits.sigmoid(), 1 - logits.sigmoid()], 1)


if __name__ == "__main__":
    net, classes, shape = load(sys.argv[1])
    with torch.no_grad():
        rows = probabilities(net(torch.stack([image(path, *shape) for path in sys.argv[2:]])))
    for path, row in zip(sys.argv[2:], rows):
        print(f"{path}\t{classes[row.argmax()]}\t{row.max():.7f}")
