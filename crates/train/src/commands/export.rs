//! `train export`: a run's model in the form that other programs take, and as a page.

mod hub;

use model::AutodiffBackend;
use onnx::{Model, Parameter, Parameters};
use serde_json::json;
use task::{Shape, Task};
use train::{Error, backend::BackendJob, export};

use super::{load_data, output, run_name, stored_run::StoredRun, workbench::on_backend};
use crate::{
    cli::ExportArgs,
    terminal::{Out, say},
};

/// Writes the model as ONNX, as a page that computes by that, and as a folder for the hub.
pub fn run(args: &ExportArgs) -> anyhow::Result<()> {
    let files = [&args.onnx, &args.page].into_iter().flatten();
    files.clone().try_for_each(|file| output::check(file))?;
    let stored = StoredRun::open(run_name::find_trained(&args.run)?, &args.backend)?;
    if !args.json {
        say(&run_name::lines(&stored.path));
    }
    let bytes = onnx_file(&stored)?;
    if let Some(file) = &args.onnx {
        output::write(file, &bytes)?;
    }
    if let Some(file) = &args.page {
        output::write(file, serve::alone(&super::serve::facts(&stored)?, &bytes))?;
    }
    let card = args.hub.as_ref().map(|folder| hub::write(folder, &stored, &bytes)).transpose()?;
    if args.json {
        let run = stored.path.to_string_lossy();
        return Ok(Out.json(
            &json!({ "run": run, "onnx": args.onnx, "page": args.page, "hub": args.hub, "opset": onnx::OPSET }),
        )?);
    }
    files.for_each(|file| say(&format!("written to `{}`", file.display())));
    if let (Some(folder), Some(files)) = (&args.hub, card) {
        say(&format!("written to `{}`: {}", folder.display(), files.join(", ")));
        if !files.iter().any(|file| file == "README.md") {
            say("its README.md is as it was; without it a new one is written");
        }
    }
    if let Some(file) = &args.onnx {
        say("");
        Out.code(&hub::in_python(&file.display().to_string(), &stored, stored.record.model.shape()))?;
    }
    Ok(())
}

/// The bytes of the run's model as ONNX, with what a program needs to know to use it.
fn onnx_file(stored: &StoredRun) -> anyhow::Result<Vec<u8>> {
    let (task, shape) = (stored.task()?, stored.record.model.shape());
    let parameters = on_backend(&stored.chosen, Collect { stored })??;
    let metadata = metadata(stored, &task, shape);
    let model =
        Model { kind: stored.plan.model.kind, parameters: &parameters, shape, task: &task, metadata: &metadata };
    // The network is made by the plan, so that each of its parameters is there.
    model.encode().map_err(anyhow::Error::msg)
}

/// The classes in the order of the outputs, how images are made, and where the model comes from.
fn metadata(stored: &StoredRun, task: &Task, shape: Shape) -> [(&'static str, String); 5] {
    let Shape { channels, height, width } = shape;
    let colours = if channels == 1 { "grey" } else { "red, green and blue planes" };
    let input = format!(
        "[batch, {channels}, {height}, {width}], {colours}, values from 0 (black) to 1; other sizes resized with fit = \"{}\"",
        load_data::fit(&stored.plan).name()
    );
    [
        ("classes", json!(task.classes()).to_string()),
        ("input", input),
        ("run", stored.path.file_name().unwrap_or_default().to_string_lossy().into_owned()),
        ("data", stored.record.data.name().to_owned()),
        ("model", stored.record.model.kind.clone()),
    ]
}

struct Collect<'a> {
    stored: &'a StoredRun,
}

impl BackendJob for Collect<'_> {
    const WORK: &'static str = "reading the model";

    type Output = Result<Parameters, Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let classifier = self.stored.classifier::<B::InnerBackend>(&device)?;
        let named = export::state_dict(classifier.network()).into_iter();
        Ok(named.map(|(name, shape, values)| (name, Parameter { shape, values })).collect())
    }
}
