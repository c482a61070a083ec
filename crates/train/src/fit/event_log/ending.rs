//! What can only be said of a run that has ended: its best epoch, the images that its model is most wrong about, how it went.

use burn::module::AutodiffModule as _;
use data::DataSet;
use model::AutodiffBackend;
use tensorboard::{Status, Value};

use super::{EventLog, metrics, now};
use crate::{
    Error,
    classifier::Classifier,
    evaluation::TopLoss,
    fit::{best::Best, session::End},
    plan::Plan,
    report::{Evaluated, Split, TOP_LOSSES, pixels},
};

impl EventLog {
    /// Writes the metrics of the best epoch and what its model is most wrong about, at that epoch's step.
    pub fn best<B: AutodiffBackend>(
        &mut self,
        best: &Best,
        model: &Classifier<B>,
        plan: &Plan,
        data: &DataSet,
        device: &B::Device,
    ) -> Result<(), Error> {
        let evaluated = Evaluated::of(plan, &model.valid(), data, Split::Valid, device);
        let images =
            evaluated.top_losses(TOP_LOSSES).into_iter().zip(1..).map(|(top, rank)| image(&evaluated, &top, rank));
        self.append(best.step, metrics("best", &best.metrics).into_iter().chain(images))
    }

    /// Writes how the run ended, after so many steps.
    pub fn end(&mut self, step: usize, end: &Result<End, Error>) -> Result<(), Error> {
        let status = match end {
            Ok(End::Finished | End::StoppedEarly) => Status::Success,
            Ok(End::Interrupted | End::Paused | End::Lagging) => Status::Unknown,
            Err(_) => Status::Failure,
        };
        self.append(step, [tensorboard::session_end(now(), status)])
    }
}

/// The picture, with the caption as its tag: TensorBoard shows no other text beside it.
fn image(evaluated: &Evaluated<'_>, top: &TopLoss, rank: usize) -> Value {
    let [prediction, target] = [top.predicted, top.label].map(|label| evaluated.data.class(label));
    let name = evaluated.image_name(top.index);
    let tag = format!("top_losses/{rank}: {prediction}, is {target}, loss {:.4}, {name}", top.loss);
    let pixels = pixels(evaluated.digits(), top.index);
    Value::image(&tag, [pixels.height(), pixels.width()], &pixels.to_png())
}
