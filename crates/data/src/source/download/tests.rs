use std::{
    fs,
    process::Command,
    sync::{Arc, atomic::AtomicBool},
};

use super::{
    server::{Answer, Server},
    *,
};
use crate::Request;

/// Short, but long enough for a busy machine.
pub(crate) fn brief() -> RetryPolicy {
    RetryPolicy {
        response: Duration::from_millis(700),
        stall: Duration::from_millis(300),
        attempts: 3,
        attempts_unanswered: 3,
        back_off: Duration::from_millis(5),
        decide: Duration::from_secs(2),
        lock: Duration::from_secs(5),
    }
}

const INSTEAD: &str = "take another";

fn file() -> Vec<u8> {
    (0..100_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect()
}

pub(crate) fn remote_of(file: &[u8], url: &str) -> Remote {
    Remote { url: url.into(), size: file.len() as u64, md5: format!("{:x}", md5::compute(file)) }
}

struct Run {
    result: Result<Vec<u8>, Error>,
    events: Vec<Event>,
    server: Server,
}

impl Run {
    fn error(&self) -> String {
        self.result.as_ref().unwrap_err().to_string()
    }

    fn retries(&self) -> Vec<&str> {
        let reason = |event: &'_ Event| matches!(event, Event::Retrying { .. });
        let retries = self.events.iter().filter(|event| reason(event));
        retries.map(|event| if let Event::Retrying { reason, .. } = event { reason } else { "" }).collect()
    }
}

fn fetch_into(folder: Option<&Path>, answers: &[Answer]) -> Run {
    let server = Server::start(file(), answers);
    let request = Request { remote: remote_of(&file(), &server.url), ..Request::default() };
    let mut events = Vec::new();
    let mut on_event = |event| events.push(event);
    let mut loading =
        Loading { request: &request, on_event: &mut on_event, folder: None, policy: brief(), notes: vec![] };
    let result = fetch(&mut loading, folder, &request.remote, INSTEAD);
    Run { result, events, server }
}

fn fetch_with(answers: &[Answer]) -> Run {
    fetch_into(Some(tempfile::tempdir().unwrap().path()), answers)
}

#[test]
fn the_file_arrives_with_progress_and_is_kept_for_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let run = fetch_into(Some(folder.path()), &[Answer::Well]);
    assert_eq!(run.result.unwrap(), file());
    assert_eq!(run.events.first(), Some(&Event::Downloading { done: 0, total: 100_000 }));
    assert_eq!(run.events.last(), Some(&Event::Downloading { done: 100_000, total: 100_000 }));
    let again = fetch_into(Some(folder.path()), &[Answer::Status("500 Broken")]);
    assert_eq!(again.result.unwrap(), file());
    assert!(again.server.requests().is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no partial file is left");
}

#[test]
fn truncated_reset_and_stalled_downloads_go_on_where_they_stopped() {
    for bad in [Answer::Truncate(30_000), Answer::Reset(30_000), Answer::Stall(30_000)] {
        let run = fetch_with(&[bad.clone(), Answer::Well]);
        assert_eq!(run.result.as_ref().unwrap(), &file(), "{bad:?}");
        assert_eq!(run.retries().len(), 1, "{bad:?}");
        assert!(run.server.requests()[1].contains("range: bytes=30000-"), "{bad:?}: {:?}", run.server.requests());
    }
}

#[test]
fn progress_does_not_count_as_failing_in_a_row() {
    let run = fetch_with(&[Answer::Truncate(9_000)]);
    assert_eq!(run.result.as_ref().unwrap(), &file());
    assert_eq!(run.server.requests().len(), 12);
}

#[test]
fn a_run_that_was_killed_is_resumed_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("mnist_sample-{}.tgz.part", &remote_of(&file(), "").md5[..8]);
    fs::write(folder.path().join(&name), &file()[..40_000]).unwrap();
    let run = fetch_into(Some(folder.path()), &[Answer::Well]);
    assert_eq!(run.result.unwrap(), file());
    assert!(run.server.requests()[0].contains("range: bytes=40000-"));
    // Longer than the file, or not a part of it: it starts anew.
    for wrong in [vec![0; 200_000], vec![7; 40_000], vec![7; 100_000]] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(&name), wrong).unwrap();
        assert_eq!(fetch_into(Some(folder.path()), &[Answer::Well]).result.unwrap(), file());
    }
}

#[test]
fn a_partial_file_stays_when_the_download_fails() {
    let folder = tempfile::tempdir().unwrap();
    let run = fetch_into(Some(folder.path()), &[Answer::Truncate(30_000), Answer::Status("404 Gone")]);
    assert!(run.error().contains("404") && run.error().contains("tried 2 times"), "{}", run.error());
    let part = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
    assert_eq!(fs::read(part.path()).unwrap(), &file()[..30_000]);
}

#[test]
fn a_server_that_cannot_resume_is_asked_for_the_whole() {
    let run = fetch_with(&[Answer::Truncate(30_000), Answer::Status("416 Range Not Satisfiable"), Answer::Well]);
    assert_eq!(run.result.unwrap(), file());
    assert!(!run.server.requests()[2].contains("range:"));
}

#[test]
fn a_server_without_ranges_is_read_from_the_start() {
    let run = fetch_with(&[Answer::Truncate(30_000), Answer::NoRange]);
    assert_eq!(run.result.unwrap(), file());
}

#[test]
fn corrupt_bytes_are_fetched_again_and_never_used() {
    let run = fetch_with(&[Answer::Corrupt, Answer::Well]);
    assert_eq!(run.result.as_ref().unwrap(), &file());
    assert!(run.retries()[0].contains("its MD5 is"), "{:?}", run.retries());
    let run = fetch_with(&[Answer::Corrupt]);
    assert!(run.error().contains("its MD5 is") && run.error().contains(INSTEAD), "{}", run.error());
}

#[test]
fn a_wrong_size_is_refused_before_or_while_it_comes() {
    assert!(fetch_with(&[Answer::Shorter]).error().contains("the server has 7 bytes, expected 100000"));
    assert!(fetch_with(&[Answer::Endless]).error().contains("more than 100000 bytes"));
}

#[test]
fn an_overloaded_server_is_asked_again_and_a_missing_file_is_not() {
    let run = fetch_with(&[Answer::Status("503 Busy"), Answer::Status("429 Slow Down"), Answer::Well]);
    assert_eq!(run.result.unwrap(), file());
    let run = fetch_with(&[Answer::Status("404 Not Found"), Answer::Well]);
    assert!(run.error().contains("404 Not Found") && run.error().contains("tried once"), "{}", run.error());
}

#[test]
fn silence_is_given_up_in_bounded_time() {
    let started = Instant::now();
    let run = fetch_with(&[Answer::Silent]);
    assert!(run.error().contains("no answer within") || run.error().contains("timeout"), "{}", run.error());
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn a_folder_that_cannot_be_written_is_no_failure() {
    let run = fetch_into(Some(Path::new("/proc/nowhere")), &[Answer::Truncate(30_000), Answer::Well]);
    assert_eq!(run.result.as_ref().unwrap(), &file());
    let warnings = run.events.iter().filter(|event| matches!(event, Event::Warning(_))).count();
    assert_eq!(warnings, 1);
}

#[test]
fn cancelling_ends_it_and_keeps_the_partial_file() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(file(), &[Answer::Stall(50_000)]);
    let cancel = Arc::new(AtomicBool::new(false));
    let remote = remote_of(&file(), &server.url);
    let request = Request { remote, cancel: Some(cancel.clone()), ..Request::default() };
    let mut on_event = |event| {
        if matches!(event, Event::Downloading { done: 1.., .. }) {
            cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    };
    let mut loading =
        Loading { request: &request, on_event: &mut on_event, folder: None, policy: brief(), notes: vec![] };
    assert!(matches!(fetch(&mut loading, Some(folder.path()), &request.remote, INSTEAD), Err(Error::Cancelled)));
    let part = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
    assert!(part.metadata().unwrap().len() > 0);
}

#[test]
fn what_is_cancelled_before_asks_nobody() {
    let remote = remote_of(&file(), "http://mnist.invalid/mnist_sample.tgz");
    let request = Request { remote, cancel: Some(Arc::new(AtomicBool::new(true))), ..Request::default() };
    let mut on_event = |event: Event| panic!("{event:?}");
    let mut loading =
        Loading { request: &request, on_event: &mut on_event, folder: None, policy: brief(), notes: vec![] };
    assert!(matches!(fetch(&mut loading, None, &request.remote, INSTEAD), Err(Error::Cancelled)));
}

/// Runs itself in a process of its own, because the environment belongs to the whole process.
#[test]
fn the_proxy_variables_are_honoured() {
    const HERE: &str = "DATA_TEST_PROXY_CHILD";
    if std::env::var_os(HERE).is_some() {
        let remote = remote_of(&file(), "http://mnist.invalid/mnist_sample.tgz");
        let request = Request { remote, ..Request::default() };
        let mut loading =
            Loading { request: &request, on_event: &mut |_| (), folder: None, policy: brief(), notes: vec![] };
        assert_eq!(fetch(&mut loading, None, &request.remote, INSTEAD).unwrap(), file());
        return;
    }
    let server = Server::start(file(), &[Answer::Well]);
    let proxy = server.url.trim_end_matches("/mnist_sample.tgz");
    let mut child = Command::new(std::env::current_exe().unwrap());
    for name in ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "NO_PROXY", "no_proxy"] {
        child.env_remove(name);
    }
    child.args(["the_proxy_variables_are_honoured"]).env(HERE, "1").env("http_proxy", proxy);
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(server.requests()[0].contains("mnist.invalid"), "{:?}", server.requests());
}
