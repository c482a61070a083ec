//! `model.safetensors`: a network under the names and shapes of its PyTorch twin.

mod tensors;

use std::{collections::HashMap, path::Path};

use burn::{
    module::{Module as _, ParamId},
    tensor::TensorData,
};
use burn_store::{
    Applier, BurnToPyTorchAdapter, KeyRemapper, ModuleSnapshot, PyTorchToBurnAdapter, SafetensorsStore, TensorSnapshot,
};
use model::{Backend, Network};
use plan::Plan;
use run::{RunRecord, folder};
use task::Task;
use tensors::Expected;

use crate::{Error, classifier::Classifier, panics};

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
    Ok(files::replace(path, &store.get_bytes().map_err(|error| failed(path, &error))?)?)
}

/// Gives the network the parameters in the file; all of them must be there, and no others, as floats, in the right shapes.
///
/// # Errors
/// Where the file cannot be read, or is not one of this network: with what is wrong with which tensor.
pub fn load<B: Backend>(path: &Path, network: &mut Network<B>) -> Result<(), Error> {
    let (expected, places) = parameters(network);
    let values = tensors::read(&files::read(path)?, &expected).map_err(|reason| failed(path, &reason))?;
    let snapshots = values.into_iter().zip(expected).zip(places).map(|((values, Expected { shape, .. }), place)| {
        let path = place.split('.').map(str::to_owned).collect();
        TensorSnapshot::from_data(TensorData::new(values, shape), path, Vec::new(), ParamId::new())
    });
    // Not `ModuleSnapshot::apply`: it moves the module out by `ptr::read`, and a panic in between, as a dtype that the backend
    // has not is one, drops the module twice.
    let mut applier = Applier::new(snapshots.collect(), None, Some(Box::new(PyTorchToBurnAdapter)), true);
    *network = network.clone().map(&mut applier);
    let result = applier.into_result();
    if result.is_success() && result.missing.is_empty() { Ok(()) } else { Err(failed(path, &result)) }
}

/// The tensors of a network as its file has them, and its paths to them.
fn parameters<B: Backend>(network: &Network<B>) -> (Vec<Expected>, Vec<String>) {
    let names: HashMap<String, String> = network.torch_names().into_iter().collect();
    let tensors = network.collect(None, Some(Box::new(BurnToPyTorchAdapter)), true);
    let pair = |tensor: TensorSnapshot| {
        let place = tensor.full_path();
        let name = names.get(&place).unwrap_or(&place).clone();
        (Expected { name, shape: tensor.shape.to_vec() }, place)
    };
    tensors.into_iter().map(pair).unzip()
}

/// The network's tensors under the names of its PyTorch twin, each with its shape and its values row by row.
///
/// # Panics
/// Where the device does not hand out what it holds.
pub fn state_dict<B: Backend>(network: &Network<B>) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    let (expected, _) = parameters(network);
    let tensors = network.collect(None, Some(Box::new(BurnToPyTorchAdapter)), true);
    let values = tensors.iter().map(|tensor| tensor.to_data().expect("its tensor is there").convert::<f32>());
    let values = values.map(|data| data.iter::<f32>().collect());
    expected.into_iter().zip(values).map(|(Expected { name, shape }, values)| (name, shape, values)).collect()
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
    let file = folder::model_path(run);
    if !file.is_file() {
        return Err(run::Error::no_model(run, Some(record)).into());
    }
    let mut classifier = Classifier::new(plan, &task_of(run, record)?, record.model.shape(), device);
    load(&file, classifier.network_mut())?;
    Ok(classifier)
}

/// The classes of the run in `run`, as its record has them.
///
/// # Errors
/// Where they cannot be classes.
pub fn task_of(run: &Path, record: &RunRecord) -> Result<Task, Error> {
    Task::new(record.data.classes.iter().cloned()).map_err(|reason| {
        let reason = format!("its classes cannot be: {reason}");
        files::Error::Damaged { path: run::record::path(run), reason }.into()
    })
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
