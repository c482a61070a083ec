use std::{
    env, fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use super::*;
use crate::{
    MNIST_SAMPLE_FINGERPRINT,
    source::{
        archive::tests::{small, tgz},
        download::{
            server::{Answer, Server},
            tests::{brief, remote_of},
        },
    },
};

/// The request and a folder with a small archive, `a.tgz`, and a cache folder to be.
fn setting() -> (tempfile::TempDir, Request) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tgz");
    fs::write(&path, tgz(&small())).unwrap();
    let cache = Some(folder.path().join("cache"));
    (folder, Request { source: Source::Archive { path }, cache, ..Request::default() })
}

fn load_quietly(request: &Request) -> (DataSet, Vec<Event>) {
    let mut events = Vec::new();
    let set = load_with(request, &mut |event| events.push(event), brief()).unwrap();
    (set, events)
}

/// The first thing that was warned of.
fn warning(events: &[Event]) -> &str {
    let warnings =
        events.iter().find_map(|event| if let Event::Warning(text) = event { Some(text.as_str()) } else { None });
    warnings.unwrap_or_default()
}

fn pixels(images: &crate::Images) -> Vec<u8> {
    images.iter().flatten().copied().collect()
}

fn decoded(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::Decoding { .. }))
}

/// The only file of the cache folder with this extension.
fn cached(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|ext| ext == extension)).collect()
}

#[test]
fn the_second_load_comes_from_the_cache_and_is_the_same() {
    let (_folder, request) = setting();
    let (first, events) = load_quietly(&request);
    assert!(decoded(&events));
    let (second, events) = load_quietly(&request);
    assert!(events.is_empty(), "{events:?}");
    assert_eq!(pixels(&first.train), pixels(&second.train));
    assert_eq!(first.valid.labels(), second.valid.labels());
    assert_eq!((first.fingerprint, first.cache), (second.fingerprint, second.cache));
    assert_eq!(second.source, "archive");
}

#[test]
fn a_changed_source_or_other_classes_have_a_cache_of_their_own() {
    let (folder, mut request) = setting();
    let (first, _) = load_quietly(&request);
    request.classes = Some(vec!["7".into(), "3".into()]);
    let (swapped, events) = load_quietly(&request);
    assert!(decoded(&events));
    assert_eq!(swapped.train.count(1), first.train.count(0));
    request.classes = Some(vec!["3".into(), "7".into()]);
    fs::write(folder.path().join("a.tgz"), tgz(&small()[..11])).unwrap();
    let (changed, events) = load_quietly(&request);
    assert!(decoded(&events));
    assert_eq!(changed.train.len(), first.train.len() - 1);
}

#[test]
fn what_is_made_of_the_images_has_a_cache_of_its_own() {
    let (_folder, mut request) = setting();
    let first = load_quietly(&request).0;
    request.decoding.size = Some([3, 2]);
    let (second, events) = load_quietly(&request);
    assert!(decoded(&events));
    assert_eq!((first.shape().sides(), second.shape().sides()), ([2, 2], [3, 2]));
    request.decoding.fit = crate::Fit::Pad;
    assert!(decoded(&load_quietly(&request).1));
    request.decoding.channels = Some(1);
    assert!(!decoded(&load_quietly(&request).1), "what `auto` came to");
    request.decoding.channels = Some(3);
    assert_eq!(load_quietly(&request).0.shape().channels, 3);
    assert!(!decoded(&load_quietly(&request).1), "the same again comes from the cache");
}

/// Four IDX files of one pixel per image: two training and two test images, of a 3 and a 7.
fn write_idx(folder: &Path, pixels: [u8; 2]) {
    for stem in ["train", "t10k"] {
        let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1][..], &pixels].concat();
        fs::write(folder.join(format!("{stem}-images-idx3-ubyte")), images).unwrap();
        fs::write(folder.join(format!("{stem}-labels-idx1-ubyte")), [0, 0, 8, 1, 0, 0, 0, 2, 3, 7]).unwrap();
    }
}

#[test]
fn other_files_of_the_same_size_and_time_are_other_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("idx");
    fs::create_dir(&path).unwrap();
    let cache = Some(folder.path().join("cache"));
    let request = Request { source: Source::Idx { path: path.clone() }, cache, ..Request::default() };
    let kept = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let bring = |two: [u8; 2]| {
        write_idx(&path, two);
        for entry in fs::read_dir(&path).unwrap() {
            fs::File::options().write(true).open(entry.unwrap().path()).unwrap().set_modified(kept).unwrap();
        }
        let set = load_quietly(&request).0;
        // The clock of a file system ticks every few milliseconds.
        thread::sleep(Duration::from_millis(20));
        (pixels(&set.train), set.fingerprint, set.notes)
    };
    let (old, new) = (bring([1, 2]), bring([3, 4]));
    assert_eq!((old.0, new.0), (vec![1, 2], vec![3, 4]));
    assert_ne!(old.1, new.1);
    assert!(new.2.is_empty(), "silently: {:?}", new.2);
}

#[test]
fn a_damaged_cache_is_noticed_told_and_made_anew() {
    let (_folder, request) = setting();
    let (first, _) = load_quietly(&request);
    let path = first.cache.clone().unwrap();
    let good = fs::read(&path).unwrap();
    let damage: [(usize, &str); 5] =
        [(0, "no packed data set"), (8, "format"), (20, "header"), (90, "header"), (140, "checksum")];
    for (at, reason) in damage {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        let (again, events) = load_quietly(&request);
        assert!(warning(&events).contains(reason), "{events:?}");
        assert_eq!(again.notes, Vec::<String>::new(), "the data is the same");
        assert_eq!(pixels(&again.train), pixels(&first.train));
        assert_eq!(fs::read(&path).unwrap(), good, "whole again");
    }
    fs::write(&path, &good[..good.len() - 1]).unwrap();
    assert!(warning(&load_quietly(&request).1).contains("bytes long"));
}

#[test]
fn a_cache_folder_that_cannot_be_written_is_no_failure() {
    let (folder, mut request) = setting();
    for hopeless in [folder.path().join("a.tgz"), "/proc/nowhere".into()] {
        request.cache = Some(hopeless);
        let (set, events) = load_quietly(&request);
        assert_eq!(set.train.len(), 6);
        assert_eq!(set.cache, None);
        assert!(warning(&events).contains("the data is only kept in memory"), "{events:?}");
    }
}

#[test]
fn a_full_or_blocked_cache_file_is_no_failure() {
    let (_folder, request) = setting();
    let path = load_quietly(&request).0.cache.unwrap();
    fs::remove_file(&path).unwrap();
    fs::create_dir(path.with_extension("tmp")).unwrap();
    let (set, events) = load_quietly(&request);
    assert_eq!((set.train.len(), set.cache), (6, None));
    assert!(warning(&events).contains("cannot write"), "{events:?}");
}

#[test]
fn concurrent_loads_decode_once_and_agree() {
    let (_folder, request) = setting();
    let load_both = |_| {
        let request = request.clone();
        thread::spawn(move || load_quietly(&request))
    };
    let results: Vec<_> =
        (0..4).map(load_both).collect::<Vec<_>>().into_iter().map(|run| run.join().unwrap()).collect();
    assert_eq!(results.iter().filter(|(_, events)| decoded(events)).count(), 1);
    assert!(results.iter().all(|(set, _)| set.fingerprint == results[0].0.fingerprint && set.notes.is_empty()));
}

/// Another process looks for the data set, makes it and lets the lock go, all between this one's look and its lock.
#[test]
fn what_another_process_made_between_look_and_lock_is_taken() {
    let (_folder, request) = setting();
    let cache = load_quietly(&request).0.cache.unwrap();
    fs::write(&cache, b"of no use").unwrap();
    let mut events = Vec::new();
    let set = load(&request, &mut |event| {
        if matches!(event, Event::Warning(_)) {
            assert!(decoded(&load_quietly(&request).1));
        }
        events.push(event);
    });
    assert_eq!(set.unwrap().cache.as_ref(), Some(&cache));
    assert_eq!(events.len(), 1, "the warning alone, nothing is decoded once more: {events:?}");
}

#[test]
fn impossible_classes_are_refused_before_anything_is_read() {
    for source in [Source::Auto, Source::MnistSample, Source::Synthetic { seed: 0, train: 4, valid: 4 }] {
        let request = Request { source, classes: Some(vec!["3".into(), "5".into()]), ..Request::default() };
        let error = load(&request, &mut |_| panic!("no event")).unwrap_err().to_string();
        assert!(error.contains("classes `3` and `5`: there are only `3` and `7`"), "{error}");
    }
}

/// A request for MNIST_SAMPLE as a local server has it: the small archive.
fn served(source: Source, answers: &[Answer]) -> (tempfile::TempDir, Request, Server) {
    let (folder, request) = setting();
    let file = tgz(&small());
    let server = Server::start(file.clone(), answers);
    let remote = remote_of(&file, &server.url);
    (folder, Request { source, remote, fallback: (1, 20, 10), ..request }, server)
}

#[test]
fn auto_downloads_and_then_uses_the_cache() {
    let (_folder, request, server) = served(Source::Auto, &[Answer::Truncate(300), Answer::Well]);
    let (set, _) = load_quietly(&request);
    assert_eq!((set.source.as_str(), set.train.len()), ("mnist-sample", 6));
    let (again, events) = load_quietly(&request);
    assert_eq!((again.source.as_str(), events.len()), ("mnist-sample", 0));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_lost_cache_is_made_anew_from_the_kept_archive_without_a_network() {
    let (_folder, request, server) = served(Source::MnistSample, &[Answer::Well]);
    let (set, _) = load_quietly(&request);
    fs::remove_file(set.cache.unwrap()).unwrap();
    assert_eq!(load_quietly(&request).0.fingerprint, set.fingerprint);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn auto_prefers_a_local_copy_and_goes_on_where_that_is_broken() {
    let (folder, mut request, server) = served(Source::Auto, &[Answer::Well]);
    request.archive_override = Some(folder.path().join("a.tgz"));
    assert_eq!(load_quietly(&request).0.source, "mnist-sample");
    assert!(server.requests().is_empty());

    let (folder, mut request, server) = served(Source::Auto, &[Answer::Well]);
    request.archive_override = Some(folder.path().join("missing.tgz"));
    let (set, _) = load_quietly(&request);
    assert!(set.notes[0].contains("missing.tgz"), "{:?}", set.notes);
    assert_eq!((set.source.as_str(), server.requests().len()), ("mnist-sample", 1));
    request.source = Source::MnistSample;
    request.cache = Some(folder.path().join("other"));
    assert!(matches!(load(&request, &mut |_| ()), Err(Error::Read { .. })));
}

#[test]
fn a_local_copy_that_is_not_mnist_sample_is_not_taken_for_it() {
    let (folder, mut request) = setting();
    request.source = Source::MnistSample;
    request.archive_override = Some(folder.path().join("a.tgz"));
    let error = load(&request, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("does not hold MNIST_SAMPLE") && error.contains(MNIST_SAMPLE_FINGERPRINT), "{error}");
}

#[test]
fn auto_falls_back_to_synthetic_digits_and_says_why() {
    let (_folder, mut request, _server) = served(Source::Auto, &[Answer::Status("404 Not Found")]);
    let (set, events) = load_quietly(&request);
    assert_eq!((set.source.as_str(), set.train.len(), set.valid.len()), ("synthetic", 20, 10));
    assert!(set.notes[0].contains("404") && set.notes[0].contains("MNIST_SAMPLE_ARCHIVE"), "{:?}", set.notes);
    assert!(events.contains(&Event::Warning(set.notes[0].clone())));
    request.source = Source::MnistSample;
    assert!(matches!(load_with(&request, &mut |_| (), brief()), Err(Error::Download { .. })));
}

/// Takes the 8 s that `auto` waits: the promise to the user is tried as it is.
#[test]
fn auto_decides_within_ten_seconds_where_nothing_answers() {
    // The system accepts the connection, and then nothing happens.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (_folder, mut request, _server) = served(Source::Auto, &[Answer::Well]);
    request.remote.url = format!("http://{}/mnist_sample.tgz", silent.local_addr().unwrap());
    let started = std::time::Instant::now();
    let set = load(&request, &mut |_| ()).unwrap();
    assert_eq!(set.source, "synthetic");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn swapped_classes_of_synthetic_digits_swap_the_roles() {
    let source = Source::Synthetic { seed: 3, train: 9, valid: 4 };
    let (plain, _) = load_quietly(&Request { source: source.clone(), ..Request::default() });
    let classes = Some(vec!["7".into(), "3".into()]);
    let (swapped, _) = load_quietly(&Request { source, classes, ..Request::default() });
    assert_eq!(plain.train.image(0), swapped.train.image(plain.train.count(1)));
    assert_eq!((plain.train.count(0), plain.train.count(1)), (swapped.train.count(1), swapped.train.count(0)));
    assert!(swapped.train.labels().is_sorted());
}

#[test]
fn folders_and_idx_files_are_named_where_they_are_missing() {
    for source in [
        Source::Folder { path: "/nowhere".into() },
        Source::Idx { path: "/nowhere".into() },
        Source::Archive { path: "/nowhere".into() },
    ] {
        let error = load(&Request { source, ..Request::default() }, &mut |_| ()).unwrap_err().to_string();
        assert!(error.contains("/nowhere"), "{error}");
    }
}

/// Runs where `MNIST_SAMPLE_ARCHIVE` names the real archive.
#[test]
fn the_real_archive_is_what_the_book_shows() {
    let Some(path) = env::var_os("MNIST_SAMPLE_ARCHIVE").map(PathBuf::from) else {
        println!("skipped: MNIST_SAMPLE_ARCHIVE is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let request = Request {
        source: Source::MnistSample,
        archive_override: Some(path),
        cache: Some(folder.path().into()),
        ..Request::default()
    };
    let set = load(&request, &mut |_| ()).unwrap();
    assert_eq!(set.fingerprint, MNIST_SAMPLE_FINGERPRINT);
    let counts = [set.train.count(0), set.train.count(1), set.valid.count(0), set.valid.count(1)];
    assert_eq!(counts, [6131, 6265, 1010, 1028]);
    // train/3/10000.png, rows 4..10, columns 4..10.
    let rows = [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 29],
        [0, 0, 0, 48, 166, 224],
        [0, 93, 244, 249, 253, 187],
        [0, 107, 253, 253, 230, 48],
        [0, 3, 20, 20, 15, 0],
    ];
    for (row, expected) in (4..).zip(rows) {
        assert_eq!(set.train.image(1)[28 * row + 4..][..6], expected);
    }
    let swapped = Request { classes: Some(vec!["7".into(), "3".into()]), ..request.clone() };
    assert_eq!(load(&swapped, &mut |_| ()).unwrap().train.count(0), 6265);
    let again = load(&Request { archive_override: None, ..request }, &mut |_| panic!("not from the cache")).unwrap();
    assert_eq!(pixels(&again.train), pixels(&set.train));
    assert_eq!(cached(folder.path(), "images").len(), 2);
}
