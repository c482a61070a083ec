//! Brings the plan's data, telling the user what takes time.

use std::{
    env,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::bail;
use chapter::figures;
use chart::terminal::harmless_line;
use data::{Columns, DataSet, Decoding, Event, Fit, HeldOut, NamedSet, OnBroken, Request, Source, Split};
use indicatif::{ProgressBar, ProgressStyle};
use plan::{BuiltIn, Config, Plan, PlanError, SourceKind};
use report::grouped;

use crate::{cli::UsageError, terminal::tell};

/// A local copy of the official archive, for machines without network.
const ARCHIVE_VARIABLE: &str = "MNIST_SAMPLE_ARCHIVE";

/// The plan's data.
pub fn load(plan: &Plan, cancel: Option<Arc<AtomicBool>>) -> anyhow::Result<DataSet> {
    bring(plan, request(plan, cancel))
}

/// The images of a split of the plan's data, by which a model is judged: of the reader's own files nothing else need be there. Other
/// sources have all splits, and are taken from the cache as they are.
pub fn load_judged(plan: &Plan, split: Split) -> anyhow::Result<DataSet> {
    let are_own = matches!(plan.data.source, SourceKind::Folder | SourceKind::Csv | SourceKind::Archive);
    bring(plan, Request { judged: are_own.then_some(split), ..request(plan, None) })
}

fn bring(plan: &Plan, request: Request) -> anyhow::Result<DataSet> {
    let path = &plan.data.path;
    if plan.data.source.reads().is_some() && !path.exists() {
        bail!(UsageError(format!("`data.path` is \"{}\": there is no such file or folder", path.display())));
    }
    let mut teller = Teller { bar: None };
    let loaded = data::load(&request, &mut |event| teller.tell(event));
    teller.bar.iter().for_each(ProgressBar::finish_and_clear);
    Ok(loaded?)
}

fn request(plan: &Plan, cancel: Option<Arc<AtomicBool>>) -> Request {
    let drawn = (plan.data.synthetic_seed, plan.data.synthetic_train, plan.data.synthetic_valid);
    let path = plan.data.path.clone();
    let source = match plan.data.source {
        SourceKind::Auto => Source::Auto,
        SourceKind::MnistSample => Source::MnistSample,
        SourceKind::Mnist => Source::Named(NamedSet::Mnist),
        SourceKind::FashionMnist => Source::Named(NamedSet::FashionMnist),
        SourceKind::Kmnist => Source::Named(NamedSet::Kmnist),
        SourceKind::Cifar10 => Source::Named(NamedSet::Cifar10),
        SourceKind::Archive => Source::Archive { path },
        SourceKind::Folder => Source::Folder { path },
        SourceKind::Csv => Source::Csv {
            path,
            images: folder(&plan.data.image_folder),
            columns: Columns {
                path: column(&plan.data.path_column),
                label: column(&plan.data.label_column),
                split: column(&plan.data.split_column),
            },
        },
        SourceKind::Npz => Source::Npz { path },
        SourceKind::Idx => Source::Idx { path },
        SourceKind::Synthetic => Source::Synthetic { seed: drawn.0, train: drawn.1, valid: drawn.2 },
    };
    Request {
        source,
        classes: plan.data.classes.known().cloned(),
        decoding: Decoding {
            channels: plan.data.channels.known().copied(),
            size: plan.data.size.known().map(|size| size.sides()),
            fit: fit(plan),
            on_broken: match plan.data.on_broken {
                plan::OnBroken::Stop => OnBroken::Stop,
                plan::OnBroken::Skip => OnBroken::Skip,
            },
            transposed: plan.data.transposed,
        },
        held_out: HeldOut { fraction: plan.data.valid_fraction, seed: plan.data.split_seed },
        cache: folder(&plan.data.cache),
        fallback: drawn,
        archive_override: env::var_os(ARCHIVE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from),
        cancel,
        ..Request::default()
    }
}

/// All of MNIST, where that is the data or has been fetched before, by any of the configs for it.
pub fn all_of_mnist(plan: &Plan, data: &DataSet) -> Result<Option<DataSet>, PlanError> {
    if figures::is_mnist(data) {
        return Ok(Some(data.clone()));
    }
    let mut mnist = Plan::resolve(&Config::BuiltIn(BuiltIn::Mnist), &[])?;
    mnist.data.cache = plan.data.cache.clone();
    Ok(data::cached(&request(&mnist, None)).filter(figures::is_mnist))
}

/// A folder, where the plan names one.
fn folder(path: &Path) -> Option<PathBuf> {
    (!path.as_os_str().is_empty()).then(|| path.to_owned())
}

/// The heading of a column, where it is not to be found by its name.
fn column(heading: &str) -> Option<String> {
    (heading != "auto").then(|| heading.to_owned())
}

/// How an image of another size becomes one of the plan's; where it says no size, as MNIST's digits: the whole image, on black.
pub fn fit(plan: &Plan) -> Fit {
    match plan.data.fit {
        _ if plan.data.size.known().is_none() => Fit::Pad,
        plan::Fit::Crop => Fit::Crop,
        plan::Fit::Pad => Fit::Pad,
        plan::Fit::Squish => Fit::Squish,
    }
}

/// Shows events on standard error.
struct Teller {
    bar: Option<ProgressBar>,
}

impl Teller {
    fn tell(&mut self, event: Event) {
        match event {
            Event::Downloading { done, total } => self.download(done, total),
            Event::Retrying { reason, wait } => {
                self.line(&format!("download: {reason}; again in {:.1} s", wait.as_secs_f64()))
            }
            Event::Waiting { lock } => self.line(&format!("waiting: another process holds `{}`", lock.display())),
            Event::Decoding { place } => self.decode(&place),
            Event::Warning(warning) => self.line(&format!("warning: {warning}")),
            _ => {}
        }
    }

    fn download(&mut self, done: u64, total: u64) {
        let style = "downloading {bar:24.cyan/blue} {bytes}/{total_bytes} {bytes_per_sec}";
        let bar = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(total).with_style(style.progress_chars("━━─"))
        });
        bar.set_position(done);
        if done == total {
            bar.finish_and_clear();
        }
    }

    /// A word that stands on a terminal as long as it takes.
    fn decode(&mut self, place: &str) {
        let bar = ProgressBar::new_spinner().with_message(format!("decoding {}", harmless_line(place)));
        bar.enable_steady_tick(Duration::from_millis(120));
        self.bar = Some(bar);
    }

    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell(line)),
            None => tell(line),
        }
    }
}

/// One line about a data set.
pub fn describe(data: &DataSet) -> String {
    let test =
        data.test.as_ref().map_or_else(String::new, |test| format!(" (and {} test images)", grouped(test.len())));
    let left_out = match data.skipped.len() {
        0 => String::new(),
        count => format!(", {count} broken files left out"),
    };
    let (name, [train, valid]) = (&data.name, [&data.train, &data.valid].map(|images| grouped(images.len())));
    let (shape, task) = (data.shape(), data.task());
    format!("{name}: {train} training and {valid} validation images{test} of {shape}, {task}{left_out}")
}

/// Where wgpu and cuda keep compiled kernels: beside the packed data, or in the system's temporary folder.
pub fn kernel_cache() -> PathBuf {
    data::user_cache_folder().unwrap_or_else(env::temp_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_and_its_data_call_a_source_the_same() {
        for kind in SourceKind::ALL {
            let mut plan = Plan::resolve(&Config::default(), &[]).unwrap();
            plan.data.source = *kind;
            assert_eq!(request(&plan, None).source.name(), kind.name());
        }
    }
}
