//! `train serve`: a page to draw on, predictions over HTTP, and the runs' pages while they train.

mod begun;
mod drawn;
mod images;
mod watch;

use std::{
    collections::BTreeSet,
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use anyhow::{Context as _, anyhow};
use burn::{
    module::AutodiffModule as _,
    tensor::{Tensor, TensorData},
};
use data::{DecodedImage, decode_image};
use model::AutodiffBackend;
use plan::ModelKind;
use serve::{Ask, Facts, Image, Place, ReadImage, Served, Server, Why};
use tokio::sync::oneshot;
use train::{
    Error,
    backend::BackendJob,
    explain::{Explanation, explain},
};

use drawn::Drawn;
use watch::Watched;

use super::{
    image_file, load_data,
    predict::{Oddity, Taken},
    run_name,
    stored_run::StoredRun,
    workbench::on_backend,
};
use crate::{
    cli::{ServeArgs, UsageError},
    terminal::say,
};

/// Serves until Ctrl-C.
pub fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let place = Place { host: args.host.clone(), port: args.port };
    let server = Server::bind(&place).map_err(|cause| UsageError(refusal(args, &cause)))?;
    let watched = Watched::new(args);
    let newest = if args.models.is_empty() { watched.newest_with_model()? } else { None };
    let mut models: Vec<Served> = Vec::new();
    for run in args.models.iter().chain(&newest) {
        let stored = StoredRun::open(run_name::find_trained(run)?, &args.backend)?;
        say(&run_name::lines(&stored.path));
        let name = watched.name_of(&stored.path);
        models.push(started(stored, name, &args.drawn)?);
    }
    tell_apart(&mut models, &args.models);
    let (stop, stopped) = oneshot::channel();
    let stop = Mutex::new(Some(stop));
    ctrlc::set_handler(move || drop(stop.lock().unwrap_or_else(PoisonError::into_inner).take()))
        .context("cannot listen for Ctrl-C")?;
    say(&format!("\nserves   {}\nruns     {}", server.address("")?, server.address("runs")?));
    say("         Ctrl-C ends it");
    let drawn = Drawn::new(&args.drawn, models.first().map(|served| served.facts.shape));
    server.run(models, Arc::new(watched), Arc::new(drawn), stopped);
    Ok(())
}

fn refusal(args: &ServeArgs, cause: &std::io::Error) -> String {
    let host = args.host.as_deref().unwrap_or("127.0.0.1");
    let port = args.port.unwrap_or(serve::PORT);
    let hint = match (cause.kind(), args.port) {
        (std::io::ErrorKind::AddrInUse, Some(_)) => "; another --port, or none, takes a free one",
        (std::io::ErrorKind::AddrInUse, None) => ", and so are the 100 above it; --port takes another",
        (std::io::ErrorKind::AddrNotAvailable, _) => "; --host has to be an address of this machine, or 0.0.0.0",
        (std::io::ErrorKind::PermissionDenied, _) => "; ports below 1024 are not for everyone",
        _ if host.parse::<IpAddr>().is_err() => "; --host has to be a name or an address of this machine",
        _ => "",
    };
    format!("cannot listen on {host}, port {port}: {cause}{hint}")
}

/// Runs of different folders may be called alike: then they are called by their paths.
fn tell_apart(models: &mut [Served], runs: &[std::path::PathBuf]) {
    let names: BTreeSet<&String> = models.iter().map(|served| &served.facts.name).collect();
    if names.len() < models.len() {
        for (number, (served, run)) in models.iter_mut().zip(runs).enumerate() {
            served.facts.name = format!("{} {}", number + 1, run.display());
        }
    }
}

/// A model that answers on a thread of its own from now on.
fn started(stored: StoredRun, run: Option<String>, drawn: &Path) -> anyhow::Result<Served> {
    let mut facts = Facts { run, ..facts(&stored)? };
    let mut taken = Taken::by(&stored);
    taken.knows_strokes |= stored.plan.data.path == *drawn;
    facts.knows_strokes = taken.knows_strokes;
    let (asks, queue) = mpsc::channel();
    let (ready, is_ready) = mpsc::channel();
    let (read, open) = (Arc::new(Reader(taken)), images::opener(&stored, &facts.name));
    let name = facts.name.clone();
    thread::Builder::new()
        .name(format!("model {name}"))
        .spawn(move || {
            let failed = |error: anyhow::Error| drop(ready.send(Err(error)));
            match on_backend(&stored.chosen, Answer { stored: &stored, queue, ready: ready.clone() }) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failed(error.into()),
                Err(error) => {
                    crate::terminal::tell(&format!("error: `{}` answers no more: {error}", stored.path.display()));
                    failed(error.into());
                }
            }
        })
        .context("cannot start a thread")?;
    is_ready.recv().map_err(|_| anyhow!("the thread of `{name}` has ended"))??;
    Ok(Served::new(facts, read, open, asks))
}

/// What there is to know of its model.
pub fn facts(stored: &StoredRun) -> anyhow::Result<Facts> {
    let record = &stored.record;
    let about = match &record.best {
        Some(best) => {
            format!("{} on {}, epoch {} of {}", record.model.kind, record.data.name(), best.epoch, record.epochs)
        }
        None => format!("{} on {}", record.model.kind, record.data.name()),
    };
    let images = chart::grouped(record.data.valid);
    let accuracy = record.best.as_ref().map(|best| report::fraction(Some(best.metrics.accuracy)));
    Ok(Facts {
        name: name(&stored.path),
        kind: record.model.kind.clone(),
        about,
        quality: accuracy.map(|accuracy| format!("accuracy {accuracy} on {images} validation images")),
        run: None,
        task: stored.task()?,
        shape: record.model.shape(),
        fit: load_data::fit(&stored.plan).name(),
        knows_strokes: Taken::by(stored).knows_strokes,
        is_linear: stored.plan.model.kind == ModelKind::Linear,
    })
}

/// As a person calls a run: its config and its time.
fn name(run: &Path) -> String {
    let parts = [run.parent().and_then(Path::file_name), run.file_name()];
    parts.into_iter().flatten().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Image files and numbers as the model takes them.
struct Reader(Taken);

impl ReadImage for Reader {
    fn file(&self, file: &[u8], invert: bool) -> Result<Image, String> {
        let image = decode_image(file, image_file::MAX_SIDE).map_err(|error| error.to_string())?;
        let (pixels, oddities) = self.0.prepared(image, invert);
        let values = pixels.into_iter().map(|value| f32::from(value) / 255.0).collect();
        Ok(Image { values, warnings: said(&oddities) })
    }

    fn warnings(&self, values: &[f32]) -> Vec<String> {
        let pixels = values.iter().map(|value| (value * 255.0).round() as u8).collect();
        said(&self.0.oddities(&DecodedImage { shape: self.0.shape, pixels }, false))
    }
}

fn said(oddities: &[Oddity]) -> Vec<String> {
    oddities.iter().map(|oddity| oddity.said(true, "invert=true")).collect()
}

struct Answer<'a> {
    stored: &'a StoredRun,
    queue: mpsc::Receiver<Ask>,
    /// Told when the model is there, or that it is not.
    ready: mpsc::Sender<anyhow::Result<()>>,
}

impl BackendJob for Answer<'_> {
    const WORK: &'static str = "answering";

    type Output = Result<(), Error>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let (task, shape) = (self.stored.task()?, self.stored.record.model.shape());
        let classifier = self.stored.classifier::<B>(&device)?;
        let (learning, network) = (classifier.network(), classifier.network().valid());
        // Whoever started this waits for it.
        let _ = self.ready.send(Ok(()));
        let logits = |images: Vec<f32>| {
            let rows = images.len() / shape.len();
            let images = TensorData::new(images, [rows, shape.len()]);
            network.forward(Tensor::from_data(images, &device)).into_data().convert::<f32>().iter().collect()
        };
        let why = |image: &[f32], label| {
            let mut explained = explain(learning, &task, shape, &[(image.to_vec(), label)], &device);
            // One image, one explanation.
            let Explanation { gradient, added, covered, .. } = explained.swap_remove(0);
            Why { gradient, added, covered }
        };
        serve::answer(&self.queue, shape.len(), logits, why);
        Ok(())
    }
}
