//! What a checkpoint holds of network and optimizer, as Burn's records.

use burn::{
    module::Module,
    optim::Optimizer,
    record::{FullPrecisionSettings, NamedMpkBytesRecorder, Record, Recorder, RecorderError},
};
use model::{AutodiffBackend, Backend};
use plan::OptimizerPlan;
use run::checkpoint::{Checkpoint, TrainState};

use crate::{
    Error,
    classifier::Classifier,
    fit::{optimizer::SharedOptimizer, record_schema::RecordSchema},
    panics,
};

/// The checkpoint of this moment.
///
/// # Errors
/// Where Burn cannot make bytes of a record.
pub fn checkpoint<B: AutodiffBackend>(
    state: &TrainState,
    classifier: Classifier<B>,
    optimizer: &SharedOptimizer<B>,
) -> Result<Checkpoint, Error> {
    let model = to_bytes::<B, _>(classifier.into_record());
    let optimizer = to_bytes::<B, _>(optimizer.to_record());
    panics::surface();
    match (model, optimizer) {
        (Ok(model), Ok(optimizer)) => Ok(Checkpoint { state: state.clone(), model, optimizer }),
        (Err(error), _) | (_, Err(error)) => Err(Error::Record(error.to_string())),
    }
}

/// Gives the classifier the parameters of that moment.
///
/// # Errors
/// Where they are not a classifier's of this form: what differs.
pub fn model<B: Backend>(
    checkpoint: &Checkpoint,
    classifier: Classifier<B>,
    device: &B::Device,
) -> Result<Classifier<B>, String> {
    let record = from_bytes(&checkpoint.model, classifier.clone().into_record(), device);
    Ok(classifier.load_record(record.map_err(|reason| format!("its model: {reason}"))?))
}

/// The optimizer of that moment, for the classifier that has the parameters of that moment.
///
/// # Errors
/// Where its state is not one for these parameters: what differs.
pub fn optimizer<B: AutodiffBackend>(
    checkpoint: &Checkpoint,
    plan: &OptimizerPlan,
    classifier: &Classifier<B>,
    device: &B::Device,
) -> Result<SharedOptimizer<B>, String> {
    let stepped = SharedOptimizer::after_a_step(plan, classifier).to_record();
    let record = from_bytes::<B, _>(&checkpoint.optimizer, stepped, device);
    let record = record.map_err(|reason| format!("its optimizer: {reason}"))?;
    Ok(SharedOptimizer::new(plan).load_record(record))
}

fn to_bytes<B: Backend, R: Record<B> + 'static>(record: R) -> Result<Vec<u8>, RecorderError> {
    Recorder::<B>::record(&NamedMpkBytesRecorder::<FullPrecisionSettings>::default(), record, ())
}

/// A record of the same form as `like`.
fn from_bytes<B: Backend, R: Record<B> + 'static>(bytes: &[u8], like: R, device: &B::Device) -> Result<R, String> {
    let recorder = NamedMpkBytesRecorder::<FullPrecisionSettings>::default();
    let form = |mut bytes: Vec<u8>| Recorder::<B>::load_item::<RecordSchema>(&recorder, &mut bytes).map_err(one_line);
    form(to_bytes::<B, R>(like).map_err(one_line)?)?.check(&form(bytes.to_vec())?)?;
    Recorder::<B>::load(&recorder, bytes.to_vec(), device).map_err(one_line)
}

/// Burn's messages have several.
fn one_line(error: RecorderError) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(all(test, feature = "flex"))]
mod precision {
    use burn::record::{DoublePrecisionSettings, HalfPrecisionSettings, PrecisionSettings};
    use burn_flex::{Flex, FlexDevice};
    use burn_store::ModuleSnapshot as _;

    use super::*;
    use plan::{BuiltIn, Config, Plan};
    use task::{Shape, Task};

    /// As [`to_bytes`], in another precision; Burn has none of its own for bfloat16.
    fn in_precision<S: PrecisionSettings>(classifier: Classifier<Flex>) -> Vec<u8> {
        Recorder::<Flex>::record(&NamedMpkBytesRecorder::<S>::default(), classifier.into_record(), ())
            .expect("it is written to memory")
    }

    #[test]
    fn a_model_in_half_or_double_precision_is_converted() {
        let plan = Plan::resolve(&Config::BuiltIn(BuiltIn::ResNet), &[]).unwrap();
        let (task, device) = (Task::new(["3", "7"]).unwrap(), FlexDevice);
        let of_seed =
            |seed| Classifier::<Flex>::new(&Plan { seed, ..plan.clone() }, &task, Shape::grey([28, 28]), &device);
        let weight =
            |classifier: &Classifier<Flex>| classifier.network().collect(None, None, true)[0].to_data().unwrap();
        let right: Vec<f32> = weight(&of_seed(1)).to_vec().unwrap();
        for (model, most) in [
            (in_precision::<FullPrecisionSettings>(of_seed(1)), 0.0),
            (in_precision::<DoublePrecisionSettings>(of_seed(1)), 0.0),
            (in_precision::<HalfPrecisionSettings>(of_seed(1)), 1e-3),
        ] {
            let loaded = super::model(
                &Checkpoint { state: TrainState::default(), model, optimizer: Vec::new() },
                of_seed(2),
                &device,
            )
            .unwrap();
            let loaded: Vec<f32> = weight(&loaded).to_vec().unwrap();
            let off = right.iter().zip(&loaded).map(|(right, loaded)| (right - loaded).abs()).fold(0.0, f32::max);
            assert!(off <= most && loaded.len() == right.len(), "{off}");
        }
    }
}
