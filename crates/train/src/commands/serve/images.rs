//! The images that a served run has learned from and is judged by.

use std::{
    ops::Range,
    sync::{Arc, OnceLock, mpsc},
    thread,
};

use anyhow::bail;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use chart::Pixels;
use data::{DataSet, nearest};
use model::{AutodiffBackend, Distance};
use plan::Plan;
use serve::{Images, Nearest, OpenImages, Split};
use train::{
    backend::{BackendJob, choice::Chosen},
    baseline,
};

use super::{
    super::{load_data, stored_run::StoredRun, workbench::on_backend},
    watch::in_a_line,
};
use crate::terminal::tell;

/// What brings the data of a run, when it is wanted: it may be large, or gone.
pub fn opener(stored: &StoredRun, name: &str) -> OpenImages {
    let (plan, chosen) = (stored.plan.clone(), stored.chosen.clone());
    let (fingerprint, name) = (stored.record.data.fingerprint.clone(), name.to_owned());
    Arc::new(move || match loaded(&plan, &fingerprint) {
        Ok(data) => Ok(Arc::new(StoredImages { data, chosen: chosen.clone(), baseline: OnceLock::new() })),
        Err(error) => Err(format!("the images of {name} cannot be shown: {}", in_a_line(error))),
    })
}

fn loaded(plan: &Plan, then: &str) -> anyhow::Result<DataSet> {
    let data = load_data::load(plan, None)?;
    let now = &data.fingerprint;
    if now != then {
        bail!("the data is not what the run was trained on (fingerprint {now}, the run's {then}); bring that back");
    }
    Ok(data)
}

struct StoredImages {
    data: DataSet,
    chosen: Chosen,
    /// To the thread of the baseline, which is fitted when somebody first asks it.
    baseline: OnceLock<mpsc::Sender<Question>>,
}

/// An image, and where to say what the baseline says of it.
type Question = (Vec<f32>, mpsc::Sender<(u16, f32)>);

impl StoredImages {
    fn of(&self, split: Split) -> &data::Images {
        match split {
            Split::Train => &self.data.train,
            Split::Valid => &self.data.valid,
        }
    }

    fn start_baseline(&self) -> mpsc::Sender<Question> {
        let (asks, questions) = mpsc::channel();
        let (chosen, data) = (self.chosen.clone(), self.data.clone());
        thread::spawn(move || {
            if let Err(error) = on_backend(&chosen, Baseline { data, questions }) {
                tell(&format!("error: the baseline answers no more: {error}"));
            }
        });
        asks
    }
}

impl Images for StoredImages {
    fn labels(&self, split: Split) -> &[u16] {
        self.of(split).labels()
    }

    fn values(&self, valid: Range<usize>) -> Vec<f32> {
        valid.flat_map(|index| self.data.valid.image(index)).map(|pixel| f32::from(*pixel) / 255.0).collect()
    }

    fn png(&self, split: Split, index: usize) -> Vec<u8> {
        let shape = self.data.shape();
        Pixels::of_planes(shape.height, shape.width, self.of(split).image(index)).to_png()
    }

    fn nearest(&self, image: &[f32], count: usize) -> Option<Nearest> {
        let (answer, said) = mpsc::channel();
        self.baseline.get_or_init(|| self.start_baseline()).send((image.to_vec(), answer)).ok()?;
        let pixels: Vec<u8> = image.iter().map(|value| (value * 255.0).round() as u8).collect();
        let near = nearest(&self.data.train, &pixels, count);
        let images = near.into_iter().map(|near| (near.index, near.distance)).collect();
        Some(Nearest { images, baseline: said.recv().ok()? })
    }
}

/// The pixel-similarity baseline, as long as there are questions.
struct Baseline {
    data: DataSet,
    questions: mpsc::Receiver<Question>,
}

impl BackendJob for Baseline {
    const WORK: &'static str = "computing the baseline";

    type Output = ();

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let means = baseline::fit::<B::InnerBackend>(&self.data, &device);
        for (image, answer) in self.questions {
            let size = [1, image.len()];
            let image = Tensor::from_data(TensorData::new(image, size), &device);
            let label = self.data.task().predict(&values(means.scores(image.clone(), Distance::L2)))[0];
            let distance = values(Distance::L2.between(image, means.mean(usize::from(label))))[0];
            // Whoever asked may have gone.
            let _ = answer.send((label, distance));
        }
    }
}

fn values<B: Backend>(tensor: Tensor<B, 2>) -> Vec<f32> {
    tensor.into_data().convert::<f32>().iter().collect()
}
