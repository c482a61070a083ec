//! `model.safetensors`: a header of the right form with odd dtypes, shapes and offsets, and values of any kind.

use std::{
    fs,
    path::{Path, PathBuf},
};

use burn::tensor::Tensor;
use model::AutodiffBackend;
use plan::Plan;
use proptest::{collection::vec, prelude::*, sample::Index};
use task::{Shape, Task};
use train::{
    backend::{BackendJob, Kind, dispatch},
    classifier::Classifier,
    export,
};

use super::{Parser, run};
use crate::strategies::{edited, edits, few};

pub struct Safetensors {
    file: PathBuf,
    plans: [Plan; 3],
}

impl Safetensors {
    pub fn new(folder: &Path) -> Self {
        let plan = |kind: &str| run::plan(folder, &[kind, "model.channels=1"]);
        let plans = ["linear", "two-layer", "resnet"].map(|kind| plan(&format!("model.kind={kind}")));
        Self { file: folder.join("model.safetensors"), plans }
    }
}

const DTYPES: [(&str, usize); 16] = [
    ("F32", 4),
    ("F32", 4),
    ("F32", 4),
    ("F32", 4),
    ("F16", 2),
    ("BF16", 2),
    ("F64", 8),
    ("I8", 1),
    ("I16", 2),
    ("I32", 4),
    ("I64", 8),
    ("U8", 1),
    ("U16", 2),
    ("U32", 4),
    ("BOOL", 1),
    ("F8_E4M3", 1),
];

/// What is said of a tensor beside what it should be.
#[derive(Clone, Debug)]
struct Odd {
    dtype: Index,
    shape: Option<Vec<u64>>,
    name: Option<&'static str>,
    /// Bytes that its end is off by.
    offset: i64,
}

impl Parser for Safetensors {
    /// Which network, then the file.
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        let side = || prop_oneof![8 => 0u64..6, 1 => any::<u64>()];
        let shape = prop::option::weighted(0.15, vec(side(), 0..5));
        let names = vec!["weight", "x", "", "0.weight", "2.bias", "__metadata__"];
        let name = prop::option::weighted(0.05, prop::sample::select(names));
        let offset = prop_oneof![20 => Just(0i64), 1 => -8i64..8, 1 => any::<i64>()];
        // Files of one dtype are what people have.
        let dtype = (any::<Index>(), 0u8..3);
        let odd = (dtype, shape, name, offset);
        let whole = (any::<Index>(), vec(odd, 30));
        let odd = whole.prop_map(|(all, each)| {
            let dtype = |(index, rare): (Index, u8)| if rare == 0 { index } else { all };
            each.into_iter()
                .map(|(own, shape, name, offset)| Odd { dtype: dtype(own), shape, name, offset })
                .collect::<Vec<_>>()
        });
        let plain = odd.clone().prop_map(|mut odd| {
            odd.iter_mut().for_each(|odd| (odd.shape, odd.name, odd.offset) = (None, None, 0));
            odd
        });
        let kind = prop_oneof![4 => Just(0u8), 4 => Just(1), 1 => Just(2)];
        let metadata = prop::sample::select(vec![
            "",
            "\"__metadata__\":{\"format\":\"pt\"},",
            "\"__metadata__\":{\"a\":1},",
            "\"__metadata__\":null,",
        ]);
        let length = prop_oneof![20 => Just(None), 1 => any::<u64>().prop_map(Some)];
        let file = (
            kind,
            prop_oneof![plain, odd],
            few(40),
            metadata,
            length,
            prop::option::weighted(0.1, edits(&[b"[", b"F16", b"null"], 2)),
        );
        let tensors = [tensors(0), tensors(1), tensors(2)];
        file.prop_map(move |(kind, odd, data, metadata, length, edits)| {
            let file = file_of(&tensors[usize::from(kind)], &odd, &data, metadata, length);
            let file = edits.map_or(file.clone(), |edits| edited(file, &edits));
            [vec![kind], file].concat()
        })
        .boxed()
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        fs::write(&self.file, &bytes[1..]).unwrap();
        let plan = &self.plans[usize::from(bytes[0])];
        let accepted =
            [Kind::Flex, Kind::Ndarray].map(|kind| dispatch(kind, 0, Path::new(""), Load(&self.file, plan)).unwrap());
        assert_eq!(accepted[0], accepted[1], "one backend takes it");
        accepted[0]
    }
}

/// Names and shapes of a network for images of 2 x 2 pixels.
fn tensors(kind: usize) -> Vec<(String, Vec<u64>)> {
    let named = |name: &str, shape: &[u64]| (name.to_owned(), shape.to_vec());
    match kind {
        0 => vec![named("weight", &[1, 4]), named("bias", &[1])],
        1 => vec![named("0.weight", &[2, 4]), named("0.bias", &[2]), named("2.weight", &[1, 2]), named("2.bias", &[1])],
        // A part of it: what is missing is to be noticed.
        _ => vec![
            named("0.weight", &[1, 1, 3, 3]),
            named("1.weight", &[1]),
            named("1.running_mean", &[1]),
            named("8.bias", &[1]),
        ],
    }
}

fn file_of(tensors: &[(String, Vec<u64>)], odd: &[Odd], data: &[u8], metadata: &str, length: Option<u64>) -> Vec<u8> {
    let (mut entries, mut end) = (Vec::new(), 0usize);
    for ((name, shape), Odd { dtype, shape: other, name: renamed, offset }) in tensors.iter().zip(odd) {
        let (dtype, bytes) = dtype.get(&DTYPES);
        let shape = other.as_ref().unwrap_or(shape);
        let begin = end;
        let size = shape.iter().fold(*bytes as u64, |product, side| product.saturating_mul(*side)).min(1 << 16);
        end += size as usize;
        let (name, said) = (renamed.unwrap_or(name), (end as i64).saturating_add(*offset));
        entries
            .push(format!("{name:?}:{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{begin},{said}]}}"));
    }
    let header = format!("{{{metadata}{}}}", entries.join(","));
    let values = data.iter().copied().chain([0]).cycle().take(end);
    let length = length.unwrap_or(header.len() as u64);
    length.to_le_bytes().into_iter().chain(header.into_bytes()).chain(values).collect()
}

/// Loads the file into a network and asks that for a logit.
struct Load<'a>(&'a Path, &'a Plan);

impl BackendJob for Load<'_> {
    const WORK: &'static str = "loading";
    type Output = bool;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> bool {
        let task = Task::new(["3", "7"]).expect("two names");
        let mut classifier = Classifier::<B::InnerBackend>::new(self.1, &task, Shape::grey([2, 2]), &device);
        let loaded = export::load(self.0, classifier.network_mut()).map_err(|error| error.to_string());
        if loaded.is_ok() {
            let image = Tensor::from_data([[0.0, 0.5, 1.0, 0.25]], &device);
            assert_eq!(classifier.network().forward(image).into_data().num_elements(), 1);
        }
        loaded.is_ok()
    }
}
