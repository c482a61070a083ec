//! Ways to end a process, and a disk that fills.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use rand::{rngs::ChaCha8Rng, seq::IndexedRandom as _};

/// How long a process may take to save and end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What happens to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kill {
    /// A signal to the run, or the study's driver.
    Driver(&'static str),
    /// A signal to a trial, which its driver survives.
    Trial(&'static str),
    /// A signal to both.
    All(&'static str),
    /// The disk fills up; when the process has ended, there is room again.
    Disk,
}

const SIGNALS: [&str; 4] = ["KILL", "KILL", "TERM", "INT"];

impl Kill {
    pub fn random(random: &mut ChaCha8Rng, is_study: bool, has_disk: bool) -> Self {
        let signal = SIGNALS.choose(random).unwrap();
        let [driver, trial, all] = [Self::Driver(signal), Self::Trial(signal), Self::All(signal)];
        let kinds = [driver, driver, trial, trial, all, all, Self::Disk];
        let kind = *kinds.choose(random).unwrap();
        match kind {
            Self::Trial(_) | Self::All(_) if !is_study => Self::Driver(signal),
            Self::Disk if !has_disk => Self::Driver(signal),
            kind => kind,
        }
    }

    pub fn name(self) -> String {
        match self {
            Self::Driver(signal) => format!("driver {signal}"),
            Self::Trial(signal) => format!("trial {signal}"),
            Self::All(signal) => format!("all {signal}"),
            Self::Disk => "full disk".into(),
        }
    }

    /// Does it, to the driver where no trial is there, and waits until the process has ended if it is to end. Returns what was
    /// done; nothing where nobody was there to be hit.
    pub fn hit(self, child: &mut Child, disk: Option<&Disk>) -> Option<Self> {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        let driver = child.id().to_string();
        let trials = Command::new("pgrep").args(["-P", &driver]).output().unwrap().stdout;
        let trials: Vec<String> = String::from_utf8(trials).unwrap().split_whitespace().map(str::to_owned).collect();
        let kill = match self {
            Self::Trial(name) if trials.is_empty() => Self::Driver(name),
            kill => kill,
        };
        match kill {
            Self::Trial(name) => {
                trials.iter().for_each(|trial| signal(name, trial));
                return Some(kill);
            }
            Self::Driver(name) => signal(name, &driver),
            Self::All(name) => [&[driver][..], &trials].concat().iter().for_each(|process| signal(name, process)),
            Self::Disk => disk.unwrap().fill(),
        }
        wait(child);
        if kill == Self::Disk {
            disk.unwrap().free();
        }
        // A driver that had no time to end its trials leaves them to end themselves.
        let until = Instant::now() + PATIENCE;
        while trials.iter().any(|trial| is_there(trial)) {
            assert!(Instant::now() < until, "a trial outlives its driver");
            thread::sleep(Duration::from_millis(2));
        }
        Some(kill)
    }
}

fn signal(name: &str, process: &str) {
    // Whoever has ended in the meantime hears nothing.
    let _ = Command::new("kill").args([&format!("-{name}"), process]).output().unwrap();
}

fn is_there(process: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().unwrap().stdout;
    !state.is_empty() && !state.starts_with(b"Z")
}

fn wait(child: &mut Child) {
    let until = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "it does not end");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A small disk of its own, where the user may mount one.
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    pub fn mount(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let mut mount = Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(folder).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self { folder: folder.into() })
    }

    fn fill(&self) {
        let mut file = File::create(self.ballast()).unwrap();
        while file.write_all(&[0; 1 << 16]).is_ok() {}
        // What is left in the last pages.
        while file.write_all(&[0; 64]).is_ok() {}
    }

    fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join(".ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}
