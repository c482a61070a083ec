//! The folder in which drawings of the page become a data set.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, anyhow, bail};
use chart::Pixels;
use data::{Fit, HeldOut, count_classes, decode_image};
use plan::{Loss, SourceKind};
use serve::{Drawings, DrawnSet};
use task::{Shape, is_class_name};
use toml::Value;

use super::watch::in_a_line;

/// What of each class becomes the validation split: a fifth.
const HELD_OUT: HeldOut = HeldOut { fraction: 0.2, seed: 0 };

/// Letters of a label.
const LONGEST_LABEL: usize = 64;

/// Rows and columns of the largest drawing: those of the largest images that are trained on.
const MAX_SIDE: usize = 1024;

/// What a PNG begins with.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A folder of classes, `LABEL/0001.png` and so on.
pub struct Drawn {
    folder: PathBuf,
    /// What its images are trained on as.
    shape: Shape,
    /// The images that were added here and not taken back, the last one at the end.
    added: Mutex<Vec<String>>,
}

impl Drawn {
    /// The folder, which need not be there yet; without a shape its images are as MNIST's.
    pub fn new(folder: &Path, shape: Option<Shape>) -> Self {
        let shape = shape.unwrap_or(Shape::grey([28, 28]));
        Self { folder: folder.into(), shape, added: Mutex::default() }
    }

    fn added(&self) -> MutexGuard<'_, Vec<String>> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counted(&self) -> anyhow::Result<Vec<(String, usize)>> {
        Ok(if self.folder.exists() { count_classes(&self.folder)? } else { Vec::new() })
    }

    fn read(&self) -> anyhow::Result<DrawnSet> {
        let labels = self.counted()?;
        Ok(DrawnSet {
            folder: self.folder.display().to_string(),
            needs: needs(&labels),
            labels,
            last: self.added().last().cloned(),
            settings: self.settings(),
        })
    }

    /// Holds the folder against other servers, and other requests, until this is dropped.
    fn locked(&self) -> anyhow::Result<fs::File> {
        files::create_folder(&self.folder).map_err(unwritten)?;
        files::wait_for_lock(&self.folder.join(".lock")).map_err(unwritten)
    }

    fn write(&self, label: &str, png: &[u8]) -> anyhow::Result<()> {
        let label = checked(label)?;
        if !png.starts_with(SIGNATURE) {
            bail!("it is no PNG");
        }
        let image = decode_image(png, MAX_SIDE)?;
        // A canvas makes files in colour, also of grey drawings.
        let grey = (image.shape.channels > 1 && image.is_without_colour()).then(|| {
            let sides @ [height, width] = image.shape.sides();
            Pixels::new(height, width, image.fitted(Shape::grey(sides), Fit::Squish)).to_png()
        });
        let png = grey.as_deref().unwrap_or(png);
        let _lock = self.locked()?;
        // A folder with splits is told before anything is written.
        self.counted()?;
        let class = self.folder.join(label);
        files::create_folder(&class).map_err(unwritten)?;
        let mut names = (1..).map(|number: u64| format!("{number:04}.png"));
        let name = names.find(|name| !class.join(name).exists()).context("no number is free")?;
        let written = files::replace(&class.join(&name), png).map_err(unwritten);
        // An empty class could not be trained on.
        written.inspect_err(|_| remove_if_empty(&class))?;
        self.added().push(format!("{label}/{name}"));
        Ok(())
    }

    fn remove(&self, image: &str) -> anyhow::Result<()> {
        // Only what was added here has a name; what is asked for is never a path.
        let known = {
            let mut added = self.added();
            added.iter().rposition(|known| known == image).map(|at| added.remove(at))
        };
        let image = known.ok_or_else(|| anyhow!("`{}` was not added here, or is taken back", image.escape_debug()))?;
        let _lock = self.locked()?;
        let path = self.folder.join(&image);
        match fs::remove_file(&path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                self.added().push(image);
                return Err(unwritten(files::Error::Write { path, cause }));
            }
            _ => path.parent().into_iter().for_each(remove_if_empty),
        }
        Ok(())
    }

    /// What a run of any config on these images is begun with.
    fn settings(&self) -> Vec<String> {
        let Shape { channels, height, width } = self.shape;
        let sides = [height, width].map(|side| Value::from(side as i64));
        let path = self.folder.to_string_lossy().into_owned();
        let values: [(&str, Value); 7] = [
            ("data.source", SourceKind::Folder.name().into()),
            ("data.path", path.into()),
            ("data.classes", "auto".into()),
            ("data.channels", (channels as i64).into()),
            ("data.size", sides.to_vec().into()),
            ("data.valid_fraction", HELD_OUT.fraction.into()),
            ("training.loss", Loss::CrossEntropy.name().into()),
        ];
        values.iter().map(|(key, value)| format!("{key}={value}")).collect()
    }
}

impl Drawings for Drawn {
    fn set(&self) -> Result<DrawnSet, String> {
        self.read().map_err(in_a_line)
    }

    fn add(&self, label: &str, png: &[u8]) -> Result<DrawnSet, String> {
        self.write(label, png).and_then(|()| self.read()).map_err(in_a_line)
    }

    fn take_back(&self, image: &str) -> Result<DrawnSet, String> {
        self.remove(image).and_then(|()| self.read()).map_err(in_a_line)
    }
}

/// What is still to be drawn before a run can be begun.
fn needs(labels: &[(String, usize)]) -> Vec<String> {
    let fewest = HELD_OUT.fewest();
    let too_few = labels.iter().filter(|(_, images)| *images < fewest);
    let mut needs: Vec<String> =
        too_few.map(|(label, images)| format!("{} more of {label}", fewest - images)).collect();
    match labels.len() {
        0 => needs.push(format!("{fewest} of each of two labels")),
        1 => needs.push(format!("{fewest} of another label")),
        _ => {}
    }
    needs
}

/// A label as the name of a folder.
fn checked(label: &str) -> anyhow::Result<&str> {
    let label = label.trim();
    if !(1..=LONGEST_LABEL).contains(&label.chars().count()) {
        bail!("a label has 1 to {LONGEST_LABEL} characters");
    }
    // Where letters of drives and the like are paths too.
    let is_one_folder = Path::new(label).components().eq([Component::Normal(label.as_ref())]);
    if !is_class_name(label) || !is_one_folder {
        bail!("`{}` is no label: it names a folder, without slashes and without a dot before it", label.escape_debug());
    }
    Ok(label)
}

fn unwritten(error: files::Error) -> anyhow::Error {
    match error {
        files::Error::Write { path, cause } => {
            anyhow!("cannot write `{}`: {cause}; `--drawn` names another folder", path.display())
        }
        other => other.into(),
    }
}

/// What is not empty stays.
fn remove_if_empty(folder: &Path) {
    let _ = fs::remove_dir(folder);
}

#[cfg(test)]
mod tests {
    use std::thread;

    use plan::{Config, Entry, Plan, Setting};

    use super::*;

    const PNG: &[u8] = include_bytes!("../../../../../docs/seven.png");

    fn files(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for class in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
            for file in fs::read_dir(class).unwrap().map(|entry| entry.unwrap().path()) {
                assert_eq!(fs::read(&file).unwrap(), PNG);
                found.push(file.strip_prefix(folder).unwrap().to_string_lossy().into_owned());
            }
        }
        found.sort();
        found
    }

    #[test]
    fn two_servers_at_once_overwrite_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let servers = [(); 2].map(|()| Drawn::new(folder.path(), None));
        // Somebody's own, in between.
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/0003.png"), PNG).unwrap();
        thread::scope(|scope| {
            for server in servers.iter().chain(&servers) {
                scope.spawn(|| (0..5).for_each(|_| drop(server.add("a", PNG).unwrap())));
            }
        });
        let expected: Vec<String> = (1..=21).map(|number| format!("a/{number:04}.png")).collect();
        assert_eq!(files(folder.path()), expected);
        // Each takes back its own.
        let last = servers[0].set().unwrap().last.unwrap();
        assert!(servers[1].take_back(&last).unwrap_err().ends_with("was not added here, or is taken back"));
        assert_eq!(servers[0].take_back(&last).unwrap().labels, [("a".to_owned(), 20)]);
        assert!(servers[0].take_back(&last).is_err() && servers[0].take_back("a/0003.png").is_err());
    }

    #[test]
    fn what_is_needed_is_told_until_it_can_be_trained_on() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = Drawn::new(&folder.path().join("drawn"), None);
        assert_eq!(drawn.set().unwrap().needs, ["3 of each of two labels"]);
        assert!(!folder.path().join("drawn").exists(), "who only looks makes no folder");
        let needs = |label: &str| drawn.add(label, PNG).unwrap().needs;
        assert_eq!(needs("x"), ["2 more of x", "3 of another label"]);
        assert_eq!(needs("y"), ["2 more of x", "2 more of y"]);
        needs("x");
        assert_eq!(
            (needs("x"), needs("y"), needs("y")),
            (vec!["2 more of y".into()], vec!["1 more of y".into()], vec![])
        );
        let request = data::Request {
            source: data::Source::Folder { path: folder.path().join("drawn") },
            classes: None,
            held_out: HELD_OUT,
            cache: Some(folder.path().join("cache")),
            ..data::Request::default()
        };
        let read = data::load(&request, &mut |_| {}).unwrap();
        assert_eq!((read.train.len(), read.valid.len(), read.task().classes()), (4, 2, &["x".into(), "y".into()][..]));
    }

    #[test]
    fn grey_drawings_are_grey_files_whatever_a_canvas_makes_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = Drawn::new(folder.path(), None);
        let greys: Vec<u8> = (0..=255).collect();
        let planes = greys.repeat(3);
        let coloured = [&[255; 256][..], &greys, &greys].concat();
        for (name, planes, channels) in [("0001", &planes, 1), ("0002", &coloured, 3)] {
            // As an image of three planes is written, though they are alike.
            drawn.add("a", &Pixels::of_planes(16, 16, planes).to_png()).unwrap();
            let file = fs::read(folder.path().join(format!("a/{name}.png"))).unwrap();
            let image = decode_image(&file, 16).unwrap();
            assert_eq!(image.shape.channels, channels);
            assert!(channels == 3 || image.pixels == greys);
        }
    }

    #[test]
    fn what_is_no_drawing_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = Drawn::new(folder.path(), None);
        for (label, png, reason) in [
            ("a", &b"GIF89a"[..], "it is no PNG"),
            ("a", &PNG[..60], "not a usable image"),
            ("../a", PNG, "is no label"),
        ] {
            let message = drawn.add(label, png).unwrap_err();
            assert!(message.contains(reason) && !message.contains('\n'), "{message}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // Beside splits no class would be taken.
        fs::create_dir_all(folder.path().join("train/a")).unwrap();
        assert!(drawn.add("a", PNG).unwrap_err().contains("it has splits, such as `train`"));
        assert!(!folder.path().join("a").exists());
    }

    #[test]
    fn each_config_that_is_listed_can_be_begun_with_the_settings() {
        let settings = Drawn::new(Path::new("a \"b\""), Some(Shape { channels: 3, height: 24, width: 32 })).settings();
        assert_eq!(
            settings[2..6],
            ["data.classes=\"auto\"", "data.channels=3", "data.size=[24, 32]", "data.valid_fraction=0.2"]
        );
        let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
        for Entry { name, .. } in Entry::configs() {
            let plan = Plan::resolve(&Config::find(Path::new(&name)), &settings).unwrap();
            assert_eq!(plan.data.path, Path::new("a \"b\""));
        }
    }

    #[test]
    fn labels_name_one_folder_and_never_a_path() {
        assert_eq!(checked(" größe 3 ").unwrap(), "größe 3");
        assert!(checked(&"7".repeat(64)).is_ok());
        for label in
            ["", " ", &"7".repeat(65), ".", "..", ".git", "a/b", "/etc", "a\\b", "../x", "a\0b", "a\nb", "\u{1b}[2J"]
        {
            let message = checked(label).unwrap_err().to_string();
            assert!(!message.contains(char::is_control), "{message:?}");
        }
    }
}
