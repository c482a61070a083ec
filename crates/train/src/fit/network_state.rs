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
    fit::{optimizer::SharedOptimizer, record_schema::RecordSchema, weight_average::WeightAverage},
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
    average: Option<&WeightAverage<B>>,
) -> Result<Checkpoint, Error> {
    let model = to_bytes::<B, _>(classifier.into_record());
    let optimizer = to_bytes::<B, _>(optimizer.to_record());
    let average = average.map(|average| average.classifier().clone().into_record());
    let average = average.map(to_bytes::<B::InnerBackend, _>).transpose();
    panics::surface();
    let failed = |error: RecorderError| Error::Record(error.to_string());
    let (model, optimizer, average) = (model.map_err(failed)?, optimizer.map_err(failed)?, average.map_err(failed)?);
    Ok(Checkpoint { state: state.clone(), model, optimizer, average })
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
    loaded(&checkpoint.model, classifier, device).map_err(|reason| format!("its model: {reason}"))
}

/// Gives the classifier the averaged weights of that moment, where there are any: of a run that has them it is these that are
/// evaluated.
///
/// # Errors
/// Where they are not a classifier's of this form: what differs.
pub fn average<B: Backend>(
    checkpoint: &Checkpoint,
    classifier: Classifier<B>,
    device: &B::Device,
) -> Result<Option<Classifier<B>>, String> {
    let loaded = checkpoint.average.as_ref().map(|bytes| loaded(bytes, classifier, device));
    loaded.transpose().map_err(|reason| format!("its averaged weights: {reason}"))
}

fn loaded<B: Backend>(bytes: &[u8], classifier: Classifier<B>, device: &B::Device) -> Result<Classifier<B>, String> {
    let record = from_bytes(bytes, classifier.clone().into_record(), device)?;
    Ok(classifier.load_record(record))
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

    /// The parts of a record, without those of a parameter.
    fn parts(schema: &RecordSchema, place: &str, found: &mut Vec<String>) {
        let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
        match schema {
            RecordSchema::Map(parts) if parts.contains_key("param") => found.push(place.into()),
            RecordSchema::Map(all) => all.iter().for_each(|(name, part)| parts(part, &below(name), found)),
            RecordSchema::List(all) if !all.is_empty() => parts(&all[0], &below("0"), found),
            _ => found.push(place.into()),
        }
    }

    /// One more, or one less, and the checkpoints of earlier versions cannot be gone on with.
    #[test]
    fn the_record_of_a_residual_net_has_the_parts_that_it_always_had() {
        let plan = Plan::resolve(&Config::BuiltIn(BuiltIn::ResNet), &[]).unwrap();
        let (task, device) = (Task::new(["3", "7"]).unwrap(), FlexDevice);
        let classifier = Classifier::<Flex>::new(&plan, &task, Shape::grey([28, 28]), &device);
        let mut bytes = in_precision::<FullPrecisionSettings>(classifier);
        let recorder = NamedMpkBytesRecorder::<FullPrecisionSettings>::default();
        let schema: RecordSchema = Recorder::<Flex>::load_item(&recorder, &mut bytes).unwrap();
        let mut found = Vec::new();
        parts(&schema, "", &mut found);
        found.retain(|part| part.starts_with("item.network"));
        let net = "item.network.ResNet";
        let norm = ["beta", "epsilon", "gamma", "momentum", "running_mean", "running_var"];
        let convolution = ["bias", "dilation", "groups", "kernel_size", "padding", "stride", "weight"];
        let step = |place: String| {
            let of = |layer: &'static str, names: &[&'static str]| {
                names.iter().map(|name| format!("{place}.{layer}.{name}")).collect::<Vec<String>>()
            };
            [of("convolution", &convolution), of("norm", &norm)].concat()
        };
        let block = ["one", "skip", "two"].map(|name| step(format!("{net}.blocks.0.{name}"))).concat();
        let rest = ["head.bias", "head.weight", "height"].map(|name| format!("{net}.{name}"));
        let last = [step(format!("{net}.stem")), vec![format!("{net}.width")]].concat();
        let strip = |part: &String| part.trim_end_matches(".0").to_owned();
        let expected: Vec<String> = block.into_iter().chain(rest).chain(last).collect();
        assert_eq!(found.iter().map(strip).collect::<Vec<String>>(), expected);
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
                &Checkpoint { state: TrainState::default(), model, optimizer: Vec::new(), average: None },
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
