//! Data sets that everybody knows: files at a known place, with their sizes and checksums.

use std::path::Path;

use crate::{
    DataSet, Error, Remote,
    cache::Loading,
    source::{Limits, cifar, download, idx},
};

/// A data set by name, of ten classes: 60,000 and 10,000 grey images of 28 x 28, or what its line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedSet {
    /// Handwritten digits (<http://yann.lecun.com/exdb/mnist/>).
    Mnist,
    /// Articles of clothing (<https://github.com/zalandoresearch/fashion-mnist>).
    FashionMnist,
    /// Cursive Japanese characters (<https://github.com/rois-codh/kmnist>).
    Kmnist,
    /// Photographs of animals and vehicles, 50,000 and 10,000 colour images of 32 x 32 (<https://www.cs.toronto.edu/~kriz/cifar.html>).
    Cifar10,
}

/// Their names on every server, images and labels to train, images and labels to validate.
const FILES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

impl NamedSet {
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::Kmnist => "kmnist",
            Self::Cifar10 => "cifar-10",
        }
    }

    /// The names of its classes in the order of the labels.
    pub(crate) fn classes(self) -> [&'static str; 10] {
        match self {
            Self::Mnist => ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
            // The first is called T-shirt/top by its authors, which is no name of a folder.
            Self::FashionMnist => {
                ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
            }
            Self::Kmnist => ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
            Self::Cifar10 => ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
        }
    }

    /// Where torchvision fetches it from, with the MD5s that it has; of CIFAR-10 its authors' binary version, with the MD5 on their page,
    /// because torchvision's is a program of Python's pickle machine.
    fn files(self) -> Vec<Remote> {
        let (base, files) = match self {
            Self::Cifar10 => {
                return vec![Remote {
                    url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz".into(),
                    size: 170_052_171,
                    md5: "c32a1d4ab5d03f1284b67883e8d87530".into(),
                }];
            }
            Self::Mnist => (
                "https://ossci-datasets.s3.amazonaws.com/mnist",
                [
                    (9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
                    (28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
                    (1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
                    (4_542, "ec29112dd5afa0611ce80d1b7f02629c"),
                ],
            ),
            Self::FashionMnist => (
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
                [
                    (26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
                    (29_515, "25c81989df183df01b3e8a0aad5dffbe"),
                    (4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
                    (5_148, "bb300cfdad3c16e7a12a480ee83cd310"),
                ],
            ),
            Self::Kmnist => (
                "http://codh.rois.ac.jp/kmnist/dataset/kmnist",
                [
                    (18_165_135, "bdb82020997e1d708af4cf47b453dcf7"),
                    (29_497, "e144d726b3acfaa3e44228e80efcd344"),
                    (3_041_136, "5c965bf0a639b31b8f53240b1b52f4d7"),
                    (5_120, "7320c461ea6c1c855c0b718fb2a4b134"),
                ],
            ),
        };
        let remote =
            |(file, (size, md5)): (&str, (u64, &str))| Remote { url: format!("{base}/{file}"), size, md5: md5.into() };
        FILES.into_iter().zip(files).map(remote).collect()
    }
}

/// Brings a data set by its name.
pub(crate) fn load(loading: &mut Loading<'_>, set: NamedSet) -> Result<DataSet, Error> {
    load_from(loading, set, &set.files())
}

/// The same, where an earlier load has left it in the cache.
pub(crate) fn cached(loading: &mut Loading<'_>, set: NamedSet) -> Option<DataSet> {
    loading.cached(set.name(), &identity(&set.files()), None)
}

/// What a cache of these files is made from.
fn identity(remotes: &[Remote]) -> String {
    remotes.iter().map(|remote| remote.md5.as_str()).collect::<Vec<_>>().join(" ")
}

fn load_from(loading: &mut Loading<'_>, set: NamedSet, remotes: &[Remote]) -> Result<DataSet, Error> {
    let (request, limits) = (loading.request, Limits::default());
    loading.through_cache(set.name(), &identity(remotes), None, |loading, folder, store| {
        let mut files = Vec::with_capacity(FILES.len());
        for remote in remotes {
            let instead = match set {
                NamedSet::Cifar10 => "take data.source \"folder\" with the images as files",
                _ => "put the four files into a folder and take data.source \"idx\"",
            };
            files.push((remote.url.clone(), download::fetch(loading, folder, remote, instead)?));
        }
        loading.decoding(Path::new(set.name()));
        match files.try_into() {
            Ok(files) => idx::Files::downloaded(files).read(Some(&set.classes()), request, &limits, store),
            Err(files) => cifar::read(&files[0].1, &files[0].0, &set.classes(), request, store),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;
    use crate::{
        Request, Source,
        source::download::{
            server::{Answer, Server},
            tests::{brief, remote_of},
        },
    };

    fn idx(magic: u8, dims: &[u32], body: &[u8]) -> Vec<u8> {
        let head: Vec<u8> = [0, 0, 8, magic].into_iter().chain(dims.iter().flat_map(|dim| dim.to_be_bytes())).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&[head, body.to_vec()].concat()).unwrap();
        encoder.finish().unwrap()
    }

    /// Four files of 1 x 1 images, each on a server of its own.
    fn served() -> ([Server; 4], Vec<Remote>) {
        let files = [
            idx(3, &[3, 1, 1], &[10, 20, 30]),
            idx(1, &[3], &[9, 0, 1]),
            idx(3, &[3, 1, 1], &[1, 2, 3]),
            idx(1, &[3], &[0, 1, 9]),
        ];
        let servers = files.each_ref().map(|file| Server::start(file.clone(), &[Answer::Well]));
        let pairs = files.iter().zip(&servers).zip(FILES);
        let remote = |((file, server), name): ((&Vec<u8>, &Server), &str)| {
            remote_of(file, &server.url.replace("mnist_sample.tgz", name))
        };
        let remotes = pairs.map(remote).collect();
        (servers, remotes)
    }

    fn load(set: NamedSet, classes: Option<&[&str]>, folder: &Path, remotes: &[Remote]) -> Result<DataSet, Error> {
        let classes = classes.map(|classes| classes.iter().map(|class| (*class).to_owned()).collect());
        let request = Request { source: Source::Named(set), classes, ..Request::default() };
        let on_event = &mut |_| {};
        let mut loading =
            Loading { request: &request, on_event, folder: Some(folder.into()), policy: brief(), notes: vec![] };
        load_from(&mut loading, set, remotes)
    }

    /// What there is without a server.
    fn in_cache(remotes: &[Remote], folder: &Path) -> Option<DataSet> {
        let request = Request { classes: None, cache: Some(folder.into()), ..Request::default() };
        Loading::new(&request, &mut |_| {}, brief()).cached(NamedSet::FashionMnist.name(), &identity(remotes), None)
    }

    #[test]
    fn what_is_not_in_the_cache_is_not_fetched_where_only_that_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let (servers, remotes) = served();
        assert!(in_cache(&remotes, folder.path()).is_none());
        let (source, cache) = (Source::Named(NamedSet::Mnist), Some(folder.path().into()));
        assert!(crate::cached(&Request { source, cache, classes: None, ..Request::default() }).is_none());
        assert!(servers.iter().all(|server| server.requests().is_empty()));
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "nor is anything made");
    }

    #[test]
    fn four_files_are_fetched_once_and_their_labels_have_names() {
        let folder = tempfile::tempdir().unwrap();
        let (servers, remotes) = served();
        let data = load(NamedSet::FashionMnist, None, folder.path(), &remotes).unwrap();
        assert_eq!(data.task().classes(), ["T-shirt", "Trouser", "Ankle boot"]);
        assert_eq!(data.train.iter().collect::<Vec<_>>(), [[20], [30], [10]]);
        assert_eq!(data.valid.iter().collect::<Vec<_>>(), [[1], [2], [3]]);
        assert_eq!(data.source, "fashion-mnist");
        load(NamedSet::FashionMnist, None, folder.path(), &remotes).unwrap();
        assert_eq!(in_cache(&remotes, folder.path()).map(|cached| cached.fingerprint), Some(data.fingerprint));
        // Other classes are another data set of the same files, which are kept.
        let two = load(NamedSet::FashionMnist, Some(&["Ankle boot", "T-shirt"]), folder.path(), &remotes).unwrap();
        assert_eq!((two.train.labels(), two.train.image(0), two.train.image(1)), (&[0, 1][..], &[10][..], &[20][..]));
        assert!(servers.iter().all(|server| server.requests().len() == 1));
    }

    #[test]
    fn a_file_that_does_not_come_names_its_address_and_what_else_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let (_servers, mut remotes) = served();
        remotes[2].md5 = "0".repeat(32);
        let message = load(NamedSet::Mnist, None, folder.path(), &remotes).unwrap_err().to_string();
        assert!(message.contains("t10k-images-idx3-ubyte.gz`: its MD5 is "), "{message}");
        assert!(message.ends_with("put the four files into a folder and take data.source \"idx\""), "{message}");
    }

    #[test]
    fn a_class_that_the_set_has_not_is_refused_with_those_that_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let message = load(NamedSet::Kmnist, Some(&["o", "x"]), folder.path(), &served().1).unwrap_err().to_string();
        assert!(
            message.ends_with("there is no class `x`; there are o, ki, su, tsu, na, ha, ma, ya, re, wo"),
            "{message}"
        );
    }

    #[test]
    fn every_set_has_four_files_of_published_checksums() {
        for set in [NamedSet::Mnist, NamedSet::FashionMnist, NamedSet::Kmnist] {
            assert_eq!(set.files().len(), 4);
            for remote in set.files() {
                assert!(
                    remote.md5.len() == 32 && remote.size > 4000 && remote.url.ends_with("-ubyte.gz"),
                    "{remote:?}"
                );
            }
        }
    }
}
