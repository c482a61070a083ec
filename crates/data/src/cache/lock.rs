//! One process at a time makes a data set; the others wait, say so, and never wait for ever.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use crate::{Error, Event, Request, cache::Slot};

const POLL: Duration = Duration::from_millis(20);
/// A wait shorter than this is not worth a word.
const QUIET: Duration = Duration::from_millis(500);

/// A held lock; dropping it, or the end of the process, releases it.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a slot, creating the folder where it is missing.
    ///
    /// # Errors
    /// [`Error::Write`] where the folder cannot be written, or after `policy`; [`Error::Cancelled`].
    pub fn take(
        slot: &Slot,
        policy: Duration,
        request: &Request,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Self, Error> {
        let path = slot.path.with_extension("lock");
        let file = open(&path)?;
        let started = Instant::now();
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(cause)) => return Err(Error::Write { path, cause }),
                Err(TryLockError::WouldBlock) => {}
            }
            if request.cancelled() {
                return Err(Error::Cancelled);
            }
            if started.elapsed() >= policy {
                let cause = io::Error::other(format!("another process has locked it for {} s", policy.as_secs()));
                return Err(Error::Write { path, cause });
            }
            if !told && started.elapsed() >= QUIET {
                on_event(Event::Waiting { lock: path.clone() });
                told = true;
            }
            thread::sleep(POLL);
        }
    }
}

fn open(path: &PathBuf) -> Result<File, Error> {
    let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
    let opened = folder.and_then(|()| OpenOptions::new().create(true).append(true).open(path));
    opened.map_err(|cause| Error::Write { path: path.clone(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_never_released_is_told_and_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let slot = Slot::new(folder.path(), "x", "", Some(&["3".into(), "7".into()]));
        let request = Request::default();
        let mut events = Vec::new();
        let held = Lock::take(&slot, Duration::ZERO, &request, &mut |_| ()).unwrap();
        let policy = Duration::from_millis(700);
        let error = Lock::take(&slot, policy, &request, &mut |event| events.push(event)).unwrap_err();
        assert!(error.to_string().contains("another process has locked it"), "{error}");
        assert_eq!(events, [Event::Waiting { lock: slot.path.with_extension("lock") }]);
        drop(held);
        assert!(Lock::take(&slot, Duration::ZERO, &request, &mut |_| ()).is_ok());
    }
}
