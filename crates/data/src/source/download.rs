//! Fetching an archive: resumed where it stopped, tried again where that can help, checked before use.
//!
//! The bytes are held in memory (a few megabytes) and written to `<name>.part` in the cache folder as they come, so
//! that a later run goes on from there; the whole file is kept as `<name>`, from which a lost cache is made anew.

mod http;
mod partial;

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use self::{
    http::{Client, Failure},
    partial::Partial,
};
use crate::{Error, Event, Remote, cache::Loading, retry_policy::RetryPolicy};

/// The bytes of a remote file, of the right size and MD5; `folder` is where partial and whole file are kept. `instead` is what else
/// a user can do.
pub(crate) fn fetch(
    loading: &mut Loading<'_>,
    folder: Option<&Path>,
    remote: &Remote,
    instead: &'static str,
) -> Result<Vec<u8>, Error> {
    let mut partial = Partial::open(folder, remote);
    let mut client = Client::new(loading.policy);
    let started = Instant::now();
    let (mut attempt, mut in_a_row, mut most) = (0, 0, partial.len());
    loop {
        if loading.request.cancelled() {
            return Err(Error::Cancelled);
        }
        attempt += 1;
        let outcome = attempt_once(&mut client, &mut partial, remote, loading, started);
        if let Some(trouble) = partial.take_trouble() {
            loading.note(trouble);
        }
        let failed = |reason| Err(Error::Download { url: remote.url.clone(), reason, attempts: attempt, instead });
        let reason = match outcome {
            Ok(()) => return Ok(partial.keep()),
            Err(Failure::Cancelled) => return Err(Error::Cancelled),
            Err(Failure::Lasting(reason)) => return failed(reason),
            Err(Failure::Passing(reason)) => reason,
        };
        in_a_row = if partial.len() > most { 1 } else { in_a_row + 1 };
        most = most.max(partial.len());
        let RetryPolicy { attempts, attempts_unanswered, decide, .. } = loading.policy;
        let over = match client.has_answered {
            true => in_a_row >= attempts,
            false => in_a_row >= attempts_unanswered || started.elapsed() >= decide,
        };
        if over {
            return failed(reason);
        }
        back_off(loading, in_a_row, reason)?;
    }
}

fn attempt_once(
    client: &mut Client,
    partial: &mut Partial,
    remote: &Remote,
    loading: &mut Loading<'_>,
    started: Instant,
) -> Result<(), Failure> {
    if partial.len() < remote.size {
        let policy = loading.policy;
        let left = match client.has_answered {
            true => policy.response,
            false => policy.response.min(policy.decide.saturating_sub(started.elapsed())),
        };
        client.receive(partial, remote, left, loading)?;
    }
    let found = format!("{:x}", md5::compute(partial.bytes()));
    if found == remote.md5 {
        return Ok(());
    }
    partial.restart();
    Err(Failure::Passing(format!("its MD5 is {found}, expected {}", remote.md5)))
}

fn back_off(loading: &mut Loading<'_>, in_a_row: u32, reason: String) -> Result<(), Error> {
    let wait = loading.policy.back_off * 2u32.saturating_pow(in_a_row - 1);
    (loading.on_event)(Event::Retrying { reason, wait });
    let until = Instant::now() + wait;
    while Instant::now() < until {
        if loading.request.cancelled() {
            return Err(Error::Cancelled);
        }
        thread::sleep(Duration::from_millis(20).min(wait));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod server;
#[cfg(test)]
pub(crate) mod tests;
