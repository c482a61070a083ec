//! `model.safetensors`: a network under the names and shapes of its PyTorch twin.

use std::path::Path;

use burn::{
    module::{Module as _, ModuleVisitor, Param},
    tensor::Tensor,
};
use burn_store::{BurnToPyTorchAdapter, KeyRemapper, ModuleSnapshot, PyTorchToBurnAdapter, SafetensorsStore};
use model::{Backend, Network};

use crate::{
    Error,
    classifier::Classifier,
    files, panics,
    plan::Plan,
    run::{RunRecord, folder},
};

/// Writes the network, whole or not at all. PyTorch's `nn.Linear` holds its weight as `[outputs, inputs]`, Burn's as
/// `[inputs, outputs]`: the adapters transpose.
pub fn save<B: Backend>(path: &Path, network: &Network<B>) -> Result<(), Error> {
    let names = network.torch_names();
    let mut store = SafetensorsStore::from_bytes(None)
        .skip_enum_variants(true)
        // Burn's own metadata is written in random order; one entry keeps the file the same bits.
        .clear_metadata()
        .metadata("format", "pt")
        .with_to_adapter(BurnToPyTorchAdapter)
        .remap(renaming(path, names.iter().map(|(here, torch)| (here, torch)))?);
    network.save_into(&mut store).map_err(|error| failed(path, &error))?;
    panics::surface();
    files::replace(path, &store.get_bytes().map_err(|error| failed(path, &error))?)
}

/// Gives the network the parameters in the file; all of them must be there, in the right shapes.
pub fn load<B: Backend>(path: &Path, network: &mut Network<B>) -> Result<(), Error> {
    let names = network.torch_names();
    let mut store = SafetensorsStore::from_bytes(Some(files::read(path)?))
        .skip_enum_variants(true)
        .with_from_adapter(PyTorchToBurnAdapter)
        .remap(renaming(path, names.iter().map(|(here, torch)| (torch, here)))?);
    let unfit = "its tensors are not those of the run's network, by name and shape";
    network.load_from(&mut store).map_err(|_| failed(path, &unfit))?;
    let mut finite = AllFinite(true);
    network.visit(&mut finite);
    if finite.0 { Ok(()) } else { Err(failed(path, &"it holds a value that is not finite, as no run writes it")) }
}

/// The model of the run in `run`, with its loss.
///
/// # Errors
/// Where the run has none yet, or the file is not its model.
pub fn of_run<B: Backend>(
    run: &Path,
    plan: &Plan,
    record: &RunRecord,
    device: &B::Device,
) -> Result<Classifier<B>, Error> {
    let file = folder::model(run);
    if !file.is_file() {
        return Err(Error::NoModel { path: run.into() });
    }
    let mut classifier = Classifier::new(plan, [record.model.height, record.model.width], device);
    load(&file, classifier.network_mut())?;
    Ok(classifier)
}

/// Whether all parameters are finite.
struct AllFinite(bool);

impl<B: Backend> ModuleVisitor<B> for AllFinite {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.0 &= param.val().into_data().iter::<f32>().all(f32::is_finite);
    }
}

/// A renaming of whole names, letter by letter.
fn renaming<'a>(path: &Path, names: impl Iterator<Item = (&'a String, &'a String)>) -> Result<KeyRemapper, Error> {
    names
        .map(|(from, to)| (format!("^{}$", from.replace('.', r"\.")), to.to_owned()))
        .try_fold(KeyRemapper::new(), |renaming, (from, to)| renaming.add_pattern(from, to))
        .map_err(|error| failed(path, &error))
}

/// One line, however many Burn's message has.
fn failed(path: &Path, error: &dyn std::fmt::Display) -> Error {
    let reason = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    Error::Model { path: path.into(), reason }
}
