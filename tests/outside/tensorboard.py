"""What TensorBoard's own reader finds in a run folder, as JSON on standard output."""

import base64
import json
import sys
import tomllib
from collections import Counter
from pathlib import Path

from tensorboard.backend.event_processing import event_accumulator, event_file_loader
from tensorboard.plugins.hparams import metadata, plugin_data_pb2
from tensorboard.util import tensor_util

run = Path(sys.argv[1])
files = sorted(run.rglob("*tfevents*"))
everything = {"scalars": 0, "images": 0, "histograms": 0, "tensors": 0}
read = event_accumulator.EventAccumulator(str(run), size_guidance=everything)
read.Reload()
tags = read.Tags()
valid = event_accumulator.EventAccumulator(str(run / "valid"), size_guidance=everything)
valid.Reload()


def numbers(h):
    return [h.num, sum(h.bucket), h.min, h.max, h.sum, h.sum_squares]


def plugin(tag):
    content = read.SummaryMetadata(tag).plugin_data.content
    return plugin_data_pb2.HParamsPluginData.FromString(content)


def value(key, proto):
    """As the plan has it: a list is text there and an integer a double."""
    found = getattr(proto, proto.WhichOneof("kind"))
    if isinstance(plan[key], list):
        return tomllib.loads(f"x = {found}")["x"]
    return int(found) if type(plan[key]) is int else found


def flat(table, prefix=""):
    for key, found in table.items():
        yield from flat(found, f"{prefix}{key}.") if isinstance(found, dict) else [(prefix + key, found)]


plan = dict(flat(tomllib.loads((run / "config.toml").read_text())))
hparams = plugin(metadata.SESSION_START_INFO_TAG).session_start_info.hparams
# Every value in the files themselves, not only what the accumulator keeps of them.
raw = [
    (file.parent.name, tag.tag, event.step)
    for file in files
    for event in event_file_loader.LegacyEventFileLoader(str(file)).Load()
    for tag in event.summary.value
]


def tensor(tag):
    return tensor_util.make_ndarray(read.Tensors(tag)[-1].tensor_proto)


def plugins(name):
    try:
        return read.PluginTagToContent(name)
    except KeyError:
        return {}


text = tensor("plan").item().decode()
descriptions = {
    tag.tag: tag.metadata.summary_description
    for file in files
    for event in event_file_loader.LegacyEventFileLoader(str(file)).Load()
    for tag in event.summary.value
    if tag.HasField("image")
}
print(json.dumps({
    "plan_text": "".join(line.removeprefix("    ") for line in text.splitlines(keepends=True)),
    "pr_curves": {tag: tensor(tag).tolist() for tag in plugins("pr_curves")},
    "descriptions": descriptions,
    "files": sum(file.stat().st_size > 0 for file in files),
    "repeated": [found for found, times in Counter(raw).items() if times > 1],
    "scalars": {
        f"{name}{tag}": [[e.step, e.value] for e in events.Scalars(tag)]
        for name, events in [("", read), ("valid: ", valid)]
        for tag in events.Tags()["scalars"]
    },
    "histograms": {
        tag: [[e.step, numbers(e.histogram_value)] for e in read.Histograms(tag)] for tag in tags["histograms"]
    },
    "images": {
        tag: [[e.step, e.height, e.width, base64.b64encode(e.encoded_image_string).decode()] for e in read.Images(tag)]
        for tag in tags["images"]
    },
    "plan": plan,
    "hparams": {key: value(key, proto) for key, proto in hparams.items()},
    "status": plugin(metadata.SESSION_END_INFO_TAG).session_end_info.status,
}))
