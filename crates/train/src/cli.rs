//! What can be typed.

mod help;
mod plan;
mod runs;
mod show;
mod suggest;
mod sweep;

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{
    Args, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use clap_complete::Shell;
use data::Split;

pub use help::command;
pub use plan::{BackendArgs, PlanArgs};
pub use runs::{ListArgs, NoteArgs, PruneArgs, RemoveArgs, RootArgs, RunsAction, RunsArgs, StopArgs, TagArgs, tag};
pub use show::{Part, ShowArgs};
pub use suggest::{instead, instead_of_config, instead_of_study};
pub use sweep::{Launcher, StudyArgs, SweepAction, SweepArgs, SweepReportArgs, TrialArgs};

/// A bad combination of arguments.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Tell a handwritten 3 from a 7: the models of fast.ai book chapter 4 on Burn.
///
/// Without a subcommand it trains: CONFIG, or two-layer.toml where none is given.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = FIT_EXAMPLE)]
pub struct Cli {
    #[command(flatten)]
    pub fit: FitArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

const FIT_EXAMPLE: &str = "\
Examples:
  train                                                  the chapter's two-layer net
  train linear --set optimizer.learning_rate=0.5         a config with one key changed
  train configs/two-layer.toml --backend ndarray         on another backend
  train --resume runs/two-layer/20260101-120000          go on where a run stopped";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a model (the same as without a subcommand).
    #[command(after_help = FIT_EXAMPLE)]
    Fit(FitArgs),
    /// Which learning rate to try: the range test, as fastai's `lr_find`. Trains a fresh network for 100 steps and keeps
    /// nothing of it.
    #[command(after_help = "Example:\n  train lr-find linear --svg rates.svg")]
    LrFind(LrFindArgs),
    /// Run a study: many runs of one config, each with other values of some keys. The same command goes on where it was
    /// stopped or killed.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  train sweep learning-rate                              the study of this name
  train sweep configs/sweeps/learning-rate.toml --dry-run
  train sweep learning-rate --detach
  train sweep learning-rate --launcher slurm --jobs 8 --time 2:00:00
  train sweep status learning-rate"
    )]
    Sweep(SweepArgs),
    /// A trial of a study, in the folder that its driver has made.
    #[command(hide = true)]
    Trial(TrialArgs),
    /// Metrics, confusion matrix and accuracy by class of a model; its charts and top losses.
    #[command(after_help = "\
Examples:
  train evaluate latest
  train evaluate best:learning-rate --charts --top-losses 9
  train evaluate latest --baseline
  train evaluate latest --html evaluation.html --svg pictures
  train evaluate runs/two-layer/20260101-120000 --data folder:my-digits --json")]
    Evaluate(EvaluateArgs),
    /// Write a run's `report.html` again, as the end of training does.
    #[command(after_help = "Example:\n  train report latest")]
    Report(ReportArgs),
    /// Label and probability of images.
    #[command(after_help = "\
Examples:
  train predict latest seven.png three.png
  train predict latest my-pictures --csv > predictions.csv
  curl -s https://example.org/digit.png | train predict latest - --json

In Python, without this program: `train export latest --onnx model.onnx` writes the model and prints the lines that do the same.")]
    Predict(PredictArgs),
    /// A page to draw on, and predictions over HTTP; Ctrl-C ends it.
    #[command(after_help = "\
Examples:
  train serve latest
  train serve runs/two-layer/20250101-120000 runs/resnet/20250101-130000   two models side by side
  train serve latest --host 0.0.0.0                                        for other machines, with a token")]
    Serve(ServeArgs),
    /// A run's model in the form that other programs take, ONNX, or as a page to draw on.
    #[command(
        after_help = "Examples:\n  train export latest --onnx model.onnx\n  train export latest --page digit.html\n  train export latest --hub my-model"
    )]
    Export(ExportArgs),
    /// The pixel-similarity baseline: which class's mean image is nearer?
    #[command(after_help = "Example:\n  train baseline --set data.source=mnist-sample")]
    Baseline(PlanArgs),
    /// What data there is; fetches it where it is not there yet.
    #[command(after_help = "\
Examples:
  train data --set data.source=folder --set data.path=my-digits
  train data mnist --html data.html")]
    Data(DataArgs),
    /// An image as a table of its pixel values, or a grid of a batch.
    #[command(after_help = "\
Examples:
  train show train/3/1 --rows 4..15 --cols 4..22         the second 3 of the training images
  train show docs/seven.png --html seven.html
  train show train/3/1 mnist-augmented --variants 9      as nine epochs of training see it
  train show --batch --set data.source=synthetic")]
    Show(ShowArgs),
    /// The layers of a config's network: outputs, parameters, multiply-adds, and the memory of a batch.
    #[command(after_help = "Example:\n  train summary resnet --set model.channels=32")]
    Summary(SummaryArgs),
    /// The chapter, live: every system of the text computed, drawn and shown with its code; its exercise on all of MNIST where that has
    /// been fetched.
    #[command(after_help = "\
Examples:
  train tour                                             writes tour.html
  train tour --plain --section 4                         one section, in the terminal
  train tour --deeper --backend ndarray
  train tour mnist --section 14                          fetches all of MNIST, where it is not there yet")]
    Tour(TourArgs),
    /// The figures of the book, checked on every backend compiled in; those of all of MNIST where it has been fetched.
    #[command(after_help = "Examples:\n  train verify --json\n  train verify mnist")]
    Verify(VerifyArgs),
    /// The configs and studies that can be named.
    #[command(after_help = "Example:\n  train configs")]
    Configs(ConfigsArgs),
    /// All backends: compiled in or how to get them, their devices, whether they work.
    #[command(after_help = "Example:\n  train backends")]
    Backends,
    /// The runs there are, the newest first, a study in one row; notes, tags, and a trash.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  train runs
  train runs --last 5 --sort accuracy
  train runs --filter 'accuracy>0.98' --filter model=linear --json
  train runs note latest the first with a lower rate
  train runs tag latest baseline
  train runs remove runs/linear/20260101-120000
  train runs remove --undo
  train runs prune --keep 20 --dry-run"
    )]
    Runs(RunsArgs),
    /// Runs beside each other: what differs in their plans, metrics, curves, and over seeds whether it is more than noise.
    #[command(after_help = "Example:\n  train compare runs/linear/20260101-120000 latest --html compare.html")]
    Compare(CompareArgs),
    /// A completion script for a shell.
    #[command(after_help = "Example:\n  train completions bash > ~/.local/share/bash-completion/completions/train")]
    Completions { shell: Shell },
}

/// A plan and how it is shown.
#[derive(Debug, Args)]
pub struct FitArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Go on with this run: a run folder, `latest`, `latest:STUDY` or `best:STUDY`.
    #[arg(long, value_name = "RUN")]
    pub resume: Option<PathBuf>,
    /// Print the run's path alone, and warnings and errors.
    #[arg(long, short)]
    pub quiet: bool,
    /// Show the run in Burn's terminal interface.
    #[cfg(feature = "tui")]
    #[arg(long, conflicts_with = "quiet")]
    pub tui: bool,
}

#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// A run folder, `latest`, `latest:STUDY` or `best:STUDY`.
    pub run: PathBuf,
    /// Other data than the run's: SOURCE or SOURCE:PATH, as `folder:my-digits` (all of it, or its split), `archive:digits.tgz`, `synthetic`.
    #[arg(long, value_name = "SOURCE[:PATH]")]
    pub data: Option<String>,
    #[arg(long, value_name = "SPLIT", default_value = "valid", value_parser = split())]
    pub split: Split,
    /// ROC curve and calibration too, what is confused most, and the weights of a linear model.
    #[arg(long, conflicts_with = "json")]
    pub charts: bool,
    /// The pixel-similarity baseline on the same images, and those that only one of the two gets right.
    #[arg(long)]
    pub baseline: bool,
    /// The N images with the highest loss; a page and a folder have 9 without it.
    #[arg(long, value_name = "N", value_parser = from_1)]
    pub top_losses: Option<NonZeroUsize>,
    /// Write all of it to a self-contained page too.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write every picture as SVG into this folder.
    #[arg(long, value_name = "FOLDER")]
    pub svg: Option<PathBuf>,
    /// One JSON object instead of the tables.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub backend: BackendArgs,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A run folder, `latest`, `latest:STUDY` or `best:STUDY`.
    pub run: PathBuf,
    #[command(flatten)]
    pub backend: BackendArgs,
}

#[derive(Debug, Args)]
pub struct PredictArgs {
    /// A run folder, `latest`, `latest:STUDY` or `best:STUDY`.
    pub run: PathBuf,
    /// Image files of any size, or folders of them; `-` reads standard input: an image, a list of paths as `find -print0` makes it, or a
    /// tar archive.
    #[arg(required = true)]
    pub images: Vec<PathBuf>,
    /// For dark strokes on a light ground: the models know light strokes on black.
    #[arg(long)]
    pub invert: bool,
    /// So many classes, the most probable first.
    #[arg(long, value_name = "N", value_parser = from_1)]
    pub top: Option<NonZeroUsize>,
    /// A JSON array of objects with path, label and probability; with `--top` also the classes.
    #[arg(long)]
    pub json: bool,
    /// A row of path, label and probability for each, below a heading; with `--top` also the other classes.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// A page that shows each image as the model sees it, and what of it decides.
    #[arg(long, value_name = "PATH")]
    pub html: Option<PathBuf>,
    #[command(flatten)]
    pub backend: BackendArgs,
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Runs whose models are drawn for: folders, `latest`, `latest:STUDY` or `best:STUDY`. Where none is named, the newest that has a
    /// model; where there is none, the pages of the runs are all there is.
    #[arg(value_name = "RUN")]
    pub models: Vec<PathBuf>,
    /// This port and no other; 8000 or the next free one where none is given.
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// The address or name to listen at, as 0.0.0.0 for all of this machine; requests then need the token that is printed. Without it,
    /// and at localhost, only this machine is answered.
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// The folder that the page adds drawings to, a data set of your own: FOLDER/LABEL/0001.png and so on.
    #[arg(long, value_name = "FOLDER", default_value = "drawn")]
    pub drawn: PathBuf,
    #[command(flatten)]
    pub root: RootArgs,
    #[command(flatten)]
    pub backend: BackendArgs,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A run folder, `latest`, `latest:STUDY` or `best:STUDY`.
    pub run: PathBuf,
    /// Write the model as ONNX: any number of images in, logits and probabilities out.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["page", "hub"])]
    pub onnx: Option<PathBuf>,
    /// Write a page to draw on that has the model in itself and needs no server.
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// Write a folder as the Hugging Face hub expects it: model card, configuration, safetensors and ONNX.
    #[arg(long, value_name = "FOLDER")]
    pub hub: Option<PathBuf>,
    /// One JSON object instead of the text.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub backend: BackendArgs,
}

#[derive(Debug, Args)]
pub struct TourArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Only this section, by its number; as often as wanted.
    #[arg(long, value_name = "N", value_parser = from_1)]
    pub section: Vec<NonZeroUsize>,
    /// The residual net too, section 12, which takes a minute or more. What section 14 tells of whole trainings is not trained again.
    #[arg(long)]
    pub deeper: bool,
    /// In the terminal instead of as a page.
    #[arg(long)]
    pub plain: bool,
    /// Where the page goes; `tour.html` where nothing is said and `--plain` is not given.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

impl TourArgs {
    /// Where the page goes, if one is asked for.
    pub fn page(&self) -> Option<PathBuf> {
        self.html.clone().or_else(|| (!self.plain).then(|| "tour.html".into()))
    }
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Of the table only what is off.
    #[arg(long)]
    pub failures: bool,
    /// One JSON object instead of the table.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct SummaryArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// One JSON object instead of the table.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct LrFindArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// Write the curve as SVG.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// One JSON object instead of the plot.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct DataArgs {
    #[command(flatten)]
    pub plan: PlanArgs,
    /// A page to look at it: balance of the classes, samples, mean images, values of the pixels.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

fn from_1(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "expected a whole number from 1")
}

fn split() -> impl TypedValueParser<Value = Split> {
    let named = |name: String| Split::ALL.into_iter().find(|split| split.name() == name).expect("one of the names");
    PossibleValuesParser::new(Split::ALL.map(Split::name)).map(named)
}

#[derive(Debug, Args)]
pub struct ConfigsArgs {
    /// One JSON object instead of the tables.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Run folders, `latest`, `latest:STUDY` or `best:STUDY`: two or more; a study's folder stands for its trials.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Write it to a self-contained page too.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// One JSON object instead of tables and charts.
    #[arg(long)]
    pub json: bool,
}
