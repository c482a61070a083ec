//! A folder as the Hugging Face hub expects it: the model in two forms, its configuration, and a card that says what it is.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use chart::{grouped, svg};
use data::Fit;
use metrics::Metric;
use report::{ConfusionTable, curves, fraction, shown};
use run::{folder, record};
use serde_json::{Value, json};
use task::{Shape, Task};

use super::super::{load_data, output, stored_run::StoredRun};
use crate::cli::UsageError;

/// What reads a run's model in PyTorch.
const PYTORCH: &str = include_str!("../../../../../docs/pytorch.py");
/// What does the same in Rust, by this program's library; images fitted by `Fit::Pad`.
const RUST: &str = include_str!("../../../../../docs/predict.rs");
/// Classes of which the card has a row each; of more it has the first.
const MOST_ROWS: usize = 100;

/// Writes the folder; a card that is there already is its owner's and stays. Returns the files.
pub fn write(to: &Path, stored: &StoredRun, onnx: &[u8]) -> anyhow::Result<Vec<String>> {
    output::make_folder(to)?;
    let (task, shape) = (stored.task()?, stored.record.model.shape());
    let run = &stored.path;
    let read =
        |path: &Path| fs::read(path).map_err(|cause| UsageError(format!("cannot read `{}`: {cause}", path.display())));
    let epochs = folder::read_epochs(run)?;
    let [loss, accuracy] = curves(&epochs, None);
    let mut files: Vec<(&str, Vec<u8>)> = vec![
        ("model.safetensors", read(&folder::model_path(run))?),
        ("model.onnx", onnx.to_vec()),
        ("config.json", format!("{:#}\n", configuration(stored, &task, shape)).into()),
        // By these the folder is a run of this program too, and of `pytorch.py`.
        ("config.toml", read(&folder::config_path(run))?),
        ("run.json", read(&record::path(run))?),
        ("pytorch.py", PYTORCH.into()),
        ("loss.svg", svg::line_chart(&loss).into()),
        ("accuracy.svg", svg::line_chart(&accuracy).into()),
    ];
    if !to.join("README.md").exists() {
        files.push(("README.md", card(stored, &task, shape).into()));
    }
    for (name, bytes) in &files {
        output::write(&to.join(name), bytes)?;
    }
    Ok(files.into_iter().map(|(name, _)| name.to_owned()).collect())
}

fn configuration(stored: &StoredRun, task: &Task, Shape { channels, height, width }: Shape) -> Value {
    let model = &stored.plan.model;
    let labels: BTreeMap<String, &str> = task.labels().map(|label| (label.to_string(), task.class(label))).collect();
    let numbers: BTreeMap<&str, u16> = task.labels().map(|label| (task.class(label), label)).collect();
    json!({
        "model_type": stored.record.model.kind,
        "parameters": stored.record.model.parameters,
        "hidden": model.hidden,
        "stem_channels": model.channels,
        "blocks": model.blocks,
        "num_channels": channels,
        "image_size": [height, width],
        "fit": load_data::fit(&stored.plan).name(),
        "id2label": labels,
        "label2id": numbers,
    })
}

/// The card: what the model is, what it was trained on, what it reaches, and how it is used.
fn card(stored: &StoredRun, task: &Task, shape: Shape) -> String {
    let (record, plan) = (&stored.record, &stored.plan);
    let Shape { channels, height, width } = shape;
    let colour = if channels == 1 { "grey" } else { "colour" };
    let classes = task.classes();
    let mut card = format!(
        "---\n# license: fill in, as apache-2.0\npipeline_tag: image-classification\ntags: [burn, onnx]\nmetrics: [accuracy]\n---\n\n\
         # {}: {} classes, {colour} images of {height} x {width}\n\n\
         {} network with {} parameters, trained with [Burn](https://burn.dev).\n\n## Data\n\n\
         Source `{}`: {} images for training, {} for validation. SHA-256 of pixels and labels: `{}`.\n",
        record.model.kind,
        grouped(classes.len()),
        match record.model.kind.as_str() {
            "linear" => "A linear",
            "two-layer" => "A two-layer",
            "resnet" => "A residual",
            _ => "A convolutional",
        },
        grouped(record.model.parameters),
        record.data.name(),
        grouped(record.data.train),
        grouped(record.data.valid),
        record.data.fingerprint,
    );
    if let Some(failure) = record.failure_with_model() {
        let _ = writeln!(card, "\nThe training {failure}.");
    }
    if let Some(best) = &record.best {
        let _ = write!(
            card,
            "\n## Results\n\nOn the validation images, of epoch {} of {}:\n\n| metric | value |\n|---|---|\n",
            best.epoch, record.epochs_done
        );
        for metric in Metric::ALL {
            if let Some(value) = best.metrics.get(metric) {
                let _ = writeln!(card, "| {} | {} |", metric.name(), shown(metric, Some(value)));
            }
        }
    }
    if let Some(table) = ConfusionTable::read(&stored.path) {
        card += &by_class(&table, classes);
    }
    card += "\n![Loss by epoch](loss.svg)\n\n![Accuracy by epoch](accuracy.svg)\n";
    let fit = load_data::fit(plan);
    let _ = write!(
        card,
        "\n## Use\n\nImages are [batch, {channels}, {height}, {width}] with values from 0 (black) to 1; others are resized (`{}`).\n\n\
         With this folder as it is, by the program that made it:\n\n```sh\ntrain predict . image.png\ntrain serve .\n```\n\n\
         In Python, with onnxruntime, numpy and pillow:\n\n```python\n{}```\n\n\
         In PyTorch, with torch, safetensors, numpy and pillow, by `pytorch.py` of this folder:\n\n```python\nimport torch\n\
         from pytorch import image, load, probabilities\n\nnet, classes, shape = load(\".\")\nwith torch.no_grad():\n    \
         row = probabilities(net(image(\"image.png\", *shape, fit=\"{}\")[None]))[0]\nprint(classes[row.argmax()], row.max().item())\n```\n",
        fit.name(),
        in_python("model.onnx", stored, shape),
        fit.name(),
    );
    let _ = write!(
        card,
        "\nIn Rust, in a crate beside those of that program's workspace, with `burn`, `burn-flex`, `data`, `run` and `train`; \
         `predict(Path::new(\".\"), Path::new(\"image.png\"))` says the class:\n\n```rust\n{}```\n",
        RUST.replace("Fit::Pad", &format!("Fit::{fit:?}")),
    );
    card
}

/// Lines of Python that say class and probability of `image.png` by a model at this path.
pub fn in_python(model: &str, stored: &StoredRun, Shape { channels, height, width }: Shape) -> String {
    let fit = load_data::fit(&stored.plan);
    let (mode, order) = if channels == 1 { ("L", "[None, None]") } else { ("RGB", ".transpose(2, 0, 1)[None]") };
    let opened = format!("Image.open(\"image.png\").convert(\"{mode}\")");
    let resized = match fit {
        Fit::Crop => format!("image = ImageOps.fit({opened}, ({width}, {height}), Image.BICUBIC)"),
        Fit::Pad => format!(
            "whole = ImageOps.contain({opened}, ({width}, {height}), Image.BICUBIC)\n\
             image = Image.new(whole.mode, ({width}, {height}))\n\
             image.paste(whole, (({width} - whole.width) // 2, ({height} - whole.height) // 2))"
        ),
        Fit::Squish => format!("image = {opened}.resize(({width}, {height}), Image.BICUBIC)"),
    };
    format!(
        "import json, numpy, onnxruntime\n\
         from PIL import Image, ImageOps\n\n\
         session = onnxruntime.InferenceSession({model:?})\n\
         classes = json.loads(session.get_modelmeta().custom_metadata_map[\"classes\"])\n\
         {resized}\n\
         images = numpy.asarray(image, numpy.float32){order} / 255\n\
         logits, probabilities = session.run(None, {{\"{}\": images}})\n\
         print(classes[probabilities[0].argmax()], probabilities[0].max())\n",
        onnx::IMAGES
    )
}

/// Images, recall and precision of each class.
fn by_class(table: &ConfusionTable, classes: &[String]) -> String {
    let mut rows = "\n| class | images | recall | precision |\n|---|---|---|---|\n".to_owned();
    let first = &classes[..classes.len().min(MOST_ROWS)];
    for class in first {
        let of = |is_row: bool| -> u64 {
            let pair =
                |other: &String| if is_row { (class.clone(), other.clone()) } else { (other.clone(), class.clone()) };
            classes.iter().map(|other| table.count(&pair(other))).sum()
        };
        let right = table.count(&(class.clone(), class.clone()));
        let share = |all: u64| fraction((all > 0).then(|| right as f64 / all as f64));
        let _ = writeln!(
            rows,
            "| {} | {} | {} | {} |",
            class.replace('|', "\\|"),
            grouped(of(true) as usize),
            share(of(true)),
            share(of(false))
        );
    }
    if first.len() < classes.len() {
        let _ = writeln!(rows, "\nand {} more.", grouped(classes.len() - first.len()));
    }
    rows
}
