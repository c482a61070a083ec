//! A folder to run the program in, and what came of it.

#[path = "program.rs"]
mod program;

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use program::program;
use serde_json::Value;
use tempfile::TempDir;
use train::backend::Kind;

/// Small synthetic data: an epoch takes milliseconds.
pub const SMALL: &[&str] = &[
    "--set",
    "data.source=synthetic",
    "--set",
    "data.synthetic_train=600",
    "--set",
    "data.synthetic_valid=200",
    "--set",
    "training.batch_size=64",
];

/// The backends to try: those asked for by a feature of this package, or else those that every build has.
pub fn backends() -> impl Iterator<Item = Kind> {
    let is_usual = |kind: Kind| matches!(kind, Kind::Ndarray | Kind::Flex);
    let asked = cfg!(any(feature = "wgpu", feature = "tch-cpu"));
    Kind::ALL.into_iter().filter(move |kind| kind.is_compiled_in() && is_usual(*kind) != asked)
}

/// A folder with an empty cache, and the program in it.
pub struct Place {
    folder: TempDir,
}

/// What a finished program left.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) -> &Self {
        fs::write(self.path().join(name), text).unwrap();
        self
    }

    /// The program with these arguments, not started yet. Whatever it would download fails at once.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command
            .env("XDG_CACHE_HOME", self.path().join("cache"))
            .env_remove("MNIST_SAMPLE_ARCHIVE")
            .env_remove("COLUMNS");
        for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env(proxy, "http://127.0.0.1:9");
        }
        command
    }

    pub fn train(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// Runs it in a terminal of its own, of so many columns, which closes as soon as the program ends.
    #[cfg(target_os = "linux")]
    pub fn in_a_terminal(&self, columns: usize, arguments: &[&str]) -> Ran {
        self.in_a_shell(columns, arguments, |train| format!("exec {train}"))
    }

    /// The same with a line for a shell, made of the program and its arguments.
    #[cfg(target_os = "linux")]
    pub fn in_a_shell(&self, columns: usize, arguments: &[&str], line: impl FnOnce(&str) -> String) -> Ran {
        let command = self.command(arguments);
        let words = [command.get_program()].into_iter().chain(command.get_args());
        let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
        let line = format!("stty cols {columns} rows 50; {}", line(&words.join(" ")));
        let mut terminal = Command::new("script");
        terminal
            .env("NO_COLOR", "1")
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .current_dir(self.path());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => terminal.env(key, value),
                None => terminal.env_remove(key),
            };
        }
        let ran = Ran::from(terminal.output().unwrap());
        Ran { stdout: ran.stdout.replace("\r\n", "\n"), ..ran }
    }

    /// Trains on small synthetic data.
    pub fn train_small(&self, arguments: &[&str]) -> Ran {
        self.train(&[SMALL, arguments].concat())
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// The run folders, the oldest first.
    pub fn runs(&self) -> Vec<PathBuf> {
        let below =
            |path: &Path| fs::read_dir(path).map(|d| d.map(|e| e.unwrap().path()).collect()).unwrap_or_default();
        let names: Vec<PathBuf> = below(&self.path().join("runs"));
        // What a kill left of a folder that was being made is hidden.
        let is_shown = |path: &PathBuf| !path.file_name().unwrap().as_encoded_bytes().starts_with(b".");
        let mut runs: Vec<PathBuf> =
            names.iter().flat_map(|name| -> Vec<PathBuf> { below(name) }).filter(is_shown).collect();
        runs.sort();
        runs
    }

    /// The one run folder there is.
    pub fn run(&self) -> PathBuf {
        let runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Ended with this code and exactly this on standard error.
    #[track_caller]
    pub fn fails(&self, code: i32, message: &str) {
        assert_eq!((self.code, self.stderr.as_str()), (code, format!("error: {message}\n").as_str()), "{self:?}");
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// `run.json`.
pub fn record(run: &Path) -> Value {
    serde_json::from_slice(&fs::read(run.join("run.json")).unwrap()).unwrap()
}

/// The lines of `metrics.jsonl` without what may differ between equal runs: times.
pub fn metrics(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).map(without_times).collect()
}

fn without_times(mut line: Value) -> Value {
    let fields = line.as_object_mut().unwrap();
    fields.retain(|key, _| key != "seconds" && key != "images_per_second");
    line
}

/// Holds `metrics.csv` against the epochs of `metrics.jsonl`: as many rows, and under each column the same value.
#[track_caller]
pub fn check_table(run: &Path) {
    let [table, lines] = ["metrics.csv", "metrics.jsonl"].map(|name| fs::read_to_string(run.join(name)).unwrap());
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let epochs: Vec<Value> = lines.filter(|line| line.get("valid").is_some()).collect();
    let mut rows = table.lines();
    let columns: Vec<&str> = rows.next().unwrap().split(',').collect();
    assert_eq!(columns.len(), 21, "{columns:?}");
    assert_eq!(rows.clone().count(), epochs.len());
    for (row, epoch) in rows.zip(epochs) {
        assert_eq!(row.split(',').count(), columns.len(), "{row}");
        for (column, cell) in columns.iter().zip(row.split(',')) {
            let nested = column.split_once('_').map(|(split, metric)| &epoch[split][metric]);
            let value = nested.filter(|value| !value.is_null()).unwrap_or(&epoch[column]);
            assert_eq!(value.as_f64(), cell.parse().ok(), "{column} of {row}");
        }
    }
}

pub fn model(run: &Path) -> Vec<u8> {
    fs::read(run.join("model.safetensors")).unwrap()
}

/// A page's text with its commands as they are typed.
pub fn typed(page: &str) -> String {
    let mut text = page.replace("<wbr/>", "");
    for tag in ["<span class=\"command\">", "<span class=\"argument\">", "</span>"] {
        text = text.replace(tag, "");
    }
    text
}

/// A page or picture that fetches and runs nothing.
#[track_caller]
pub fn check_alone(text: &str) {
    let text = text.replace("http://www.w3.org/2000/svg", "");
    assert!(!["://", "<script ", "<link", "url(", "@import"].iter().any(|bad| text.contains(bad)), "{text}");
}

/// Waits until `done`, at most a minute.
#[track_caller]
pub fn wait_until(mut done: impl FnMut() -> bool) {
    let began = Instant::now();
    while !done() {
        assert!(began.elapsed() < Duration::from_secs(60), "it did not happen within a minute");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The real archive, where the user has it; says so where not.
pub fn real_archive() -> Option<String> {
    real("MNIST_SAMPLE_ARCHIVE", "the real archive")
}

/// The folder of the four files of all of MNIST, where the user has it; says so where not.
pub fn real_mnist() -> Option<String> {
    real("MNIST_IDX", "the folder of the four files of MNIST")
}

/// What an environment variable names, where it is there.
fn real(variable: &str, what: &str) -> Option<String> {
    // Cargo runs tests in the folder of their package; a relative path means the one the user is in, the root.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = env::var(variable).ok().and_then(|path| fs::canonicalize(root.join(path)).ok());
    if path.is_none() {
        skip(&format!("{variable} does not name {what}"));
    }
    path.map(|path| path.display().to_string())
}

/// Says why a test does not look, past what the test runner keeps back of a test that passes.
pub fn skip(why: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(io::stderr(), "skipped: {test}: {why}");
}

/// The Python that has these modules: `TRAIN_TEST_PYTHON`, else `python3`. Where it has not, the test is skipped; with `CI=true`, where
/// nobody would read that, it fails.
pub fn python_with(modules: &str) -> Option<String> {
    let python = env::var("TRAIN_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let works = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    if works.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let why = format!("`{python}` cannot import {modules}; TRAIN_TEST_PYTHON names one that can");
    assert!(env::var("CI").as_deref() != Ok("true"), "{why}");
    skip(&why);
    None
}
