//! What is to be made of a run: how it went, and the command to give next.

use std::path::Path;

use chart::{Block, decimals};
use data::DataSet;
use files::quoted;
use metrics::{Counts, interval};
use plan::{ModelKind, Plan, Schedule, ScheduleKind};
use run::{EpochRecord, best, folder};

use crate::{
    clock,
    compare::is_chance,
    curves,
    diagnosis::{Fault, diagnosis},
    grouped, short,
};

/// How much the validation loss falls in the last quarter of a run, as a share of it, where more epochs would bring more.
const STILL_FALLING: f64 = 0.03;
/// How many times the lead of training is missing on training images too, where most is.
const LACKING: f64 = 3.0;
/// Epochs up to which a longer run is three times as long.
const SHORT: usize = 5;
/// A training accuracy beyond which more epochs show nothing new.
const LEARNT: f64 = 0.9995;
/// Commands beside the first.
const FURTHER: usize = 2;

/// What a run is judged by.
pub struct Verdict<'a> {
    /// Its folder, as commands name it.
    pub run: &'a Path,
    pub plan: &'a Plan,
    pub data: &'a DataSet,
    pub epochs: &'a [EpochRecord],
    /// The epoch that its model is of.
    pub best: Option<usize>,
    /// What its model says of the validation split.
    pub counts: &'a Counts,
    /// Whether it is surer than it is right, by a loss that hardly punishes that.
    pub is_too_sure: bool,
    /// Whether it ended by itself.
    pub is_finished: bool,
}

const EPOCHS: &str = " --set training.epochs=";

/// Why, and what to type.
type Step = (String, String);

impl Verdict<'_> {
    /// A paragraph of what was found, the next command, and those after it.
    pub fn blocks(&self) -> Vec<Block> {
        let faults = diagnosis(self.epochs, self.counts, self.data.task().classes());
        let mut found = match &faults[..] {
            [] => self.course(),
            faults => faults.iter().map(|(said, _)| said.clone()).collect(),
        };
        let longer = self.longer().filter(|_| faults.is_empty() && self.is_finished);
        found.extend(longer.iter().map(|(why, _)| why.clone()));
        let longer = longer.and_then(|(_, step)| step);
        // What follows a longer run is as long.
        let epochs = longer.as_ref().and_then(|(_, line)| line.split_once(EPOCHS)).map(|(_, epochs)| epochs.to_owned());
        let as_long = |(why, line): Step| match &epochs {
            Some(epochs) => (why, format!("{line}{EPOCHS}{epochs}")),
            None => (why, line),
        };
        let further = self.steps(faults.first().map(|(_, fault)| *fault)).into_iter();
        // What a linear model or two layers cannot tell apart no number of epochs teaches them.
        let steps: Vec<Step> = match self.plan.model.kind {
            ModelKind::Linear | ModelKind::TwoLayer => further.chain(longer).collect(),
            _ => longer.clone().into_iter().chain(further.map(as_long)).collect(),
        };
        let [(why, first), further @ ..] = &steps[..] else { return vec![Block::Text(found.join(" "))] };
        let further = &further[..further.len().min(FURTHER)];
        let code = |caption: String, lines: String| Block::Code { caption, lines };
        let order = if further.len() > 1 { ", in this order" } else { "" };
        let then = (!further.is_empty()).then(|| {
            let whys: Vec<&str> = further.iter().map(|(why, _)| why.as_str()).collect();
            let lines = further.iter().map(|(_, line)| format!("{line}\n")).collect();
            code(format!("Then{order}: {}", whys.join("; ")), lines)
        });
        let next = [Block::Text(found.join(" ")), code(format!("Next: {why}"), format!("{first}\n"))];
        next.into_iter().chain(then).collect()
    }

    /// How a run without a fault went.
    fn course(&self) -> Vec<String> {
        [self.lowest(), self.highest(), self.gap(), self.beside_the_book()].into_iter().flatten().collect()
    }

    fn lowest(&self) -> Option<String> {
        let lowest = self.epochs.iter().min_by(|a, b| a.valid.loss.total_cmp(&b.valid.loss))?;
        let (loss, last) = (decimals(lowest.valid.loss, 6), self.epochs.len());
        Some(match lowest.epoch {
            1 if last == 1 => "It has seen each image once: of one epoch there is no course to judge.".into(),
            epoch if epoch == last => format!("The validation loss is lowest in the last epoch, {epoch}: {loss}."),
            epoch => {
                format!("The validation loss is lowest in epoch {epoch} of {last}, {loss}, and then rises little.")
            }
        })
    }

    /// Where accuracy was higher than in the model's epoch, and whether that counts.
    fn highest(&self) -> Option<String> {
        let (epoch, highest) = best::highest_accuracy(self.epochs)?;
        let ours = self.epochs.iter().find(|record| Some(record.epoch) == self.best)?.valid.accuracy;
        let more = ((highest - ours) * self.counts.total() as f64).round() as u64;
        let [_, high] = self.interval();
        let counts =
            if highest <= high { "within the interval of the model's" } else { "beyond the interval of the model's" };
        let images = if more == 1 { "one image".into() } else { format!("{} images", grouped(more)) };
        (more > 0).then(|| format!("Accuracy peaked in epoch {epoch} at {highest:.4}, {images} more: {counts}."))
    }

    /// Training beside validation.
    fn gap(&self) -> Option<String> {
        let last = self.epochs.last()?;
        let (train, valid) = (last.train.accuracy, last.valid.accuracy);
        let is_below = self.epochs.iter().all(|epoch| epoch.train.accuracy < epoch.valid.accuracy);
        let points = 100.0 * (train - valid);
        Some(if self.has_learnt_all() {
            format!(
                "It has {} training images right: more epochs find no more to learn in them, other images do.",
                if train < 1.0 { "nearly all" } else { "all" }
            )
        } else if is_below {
            let all = if self.epochs.len() > 1 { "in every epoch" } else { "in its epoch" };
            format!(
                "Training accuracy is below that of validation {all}: no overfitting is seen yet, there is more to learn."
            )
        } else if !self.leads() {
            format!(
                "Training accuracy ends at {train:.4}: its distance from validation may be chance, no overfitting is seen yet."
            )
        } else {
            let best = self.epochs.iter().min_by(|a, b| a.valid.loss.total_cmp(&b.valid.loss));
            let still = if best.is_some_and(|best| best.epoch == last.epoch) {
                "still falls: no overfitting is seen yet"
            } else {
                "has not risen by much"
            };
            let lead = format!(
                "Training accuracy ends at {train:.4}, {points:.1} points above validation, whose loss {still}."
            );
            // What is missing on both asks for more to learn with.
            let missing = " Most of what it lacks it lacks on its training images too: a larger net or more epochs can learn more of them.";
            if 1.0 - train > LACKING * (train - valid) { lead + missing } else { lead }
        })
    }

    /// Whether training is better than validation by more than chance.
    fn leads(&self) -> bool {
        let [low, high] = self.interval();
        self.epochs.last().is_some_and(|last| last.train.accuracy - last.valid.accuracy > (high - low) / 2.0)
    }

    fn has_learnt_all(&self) -> bool {
        self.epochs.last().is_some_and(|last| last.train.accuracy > LEARNT)
    }

    fn beside_the_book(&self) -> Option<String> {
        let book = curves::books(self.plan, self.data)?.last()?.accuracy;
        let [low, high] = self.interval();
        let accuracy = self.counts.accuracy();
        Some(match book {
            book if book > high => format!("The book's {book:.4} is above the interval of ours, {accuracy:.4}."),
            book if book < low => format!("It is better than the book's {book:.4}, which is below its interval."),
            book => format!("The book's {book:.4} differs from its {accuracy:.4} by less than chance does."),
        })
    }

    fn interval(&self) -> [f64; 2] {
        interval(self.counts.right(), self.counts.total())
    }

    /// What to do, most worth first.
    fn steps(&self, fault: Option<Fault>) -> Vec<Step> {
        let run = quoted(self.run);
        if !self.is_finished {
            return vec![("go on where it was stopped".into(), format!("train --resume {run}"))];
        }
        match fault {
            Some(Fault::LearningRate) => {
                let config = quoted(&folder::config_path(self.run));
                vec![("look for a learning rate at which the loss falls".into(), format!("train lr-find {config}"))]
            }
            Some(Fault::Overfits) => self.against_overfitting(),
            None => self.other_networks(),
        }
    }

    /// Another run with these settings.
    fn again(&self, settings: &[String]) -> String {
        let settings: String = settings.iter().map(|setting| format!(" --set {setting}")).collect();
        format!("train {}{settings}", quoted(&folder::config_path(self.run)))
    }

    fn against_overfitting(&self) -> Vec<Step> {
        let decay = self.plan.optimizer.weight_decay;
        let decay = short(if decay > 0.0 { 10.0 * decay } else { 0.01 });
        let decay = ("weight decay".into(), self.again(&[format!("optimizer.weight_decay={decay}")]));
        self.augmented().into_iter().chain([decay]).collect()
    }

    /// Augmentation, where there is none.
    fn augmented(&self) -> Option<Step> {
        let settings: &[&str] = match self.data.shape().channels {
            1 => &["augmentation.shift=2"],
            _ => &["augmentation.flip=0.5", "augmentation.shift=4"],
        };
        let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let is_plain = self.plan.augmentation.in_words().is_none();
        is_plain.then(|| ("augmentation, which changes each image anew in each epoch".into(), self.again(&settings)))
    }

    /// Why more epochs, where the last ones still brought much, and how.
    fn longer(&self) -> Option<(String, Option<Step>)> {
        let count = self.epochs.len();
        let (last, before) = (self.epochs.last()?, self.epochs.get((count - 1).checked_sub((count / 4).max(1))?)?);
        let fallen = 1.0 - last.valid.loss / before.valid.loss;
        let since = match last.epoch.saturating_sub(before.epoch) {
            ..=1 => "in the last epoch".to_owned(),
            epochs => format!("in the last {epochs} epochs"),
        };
        if fallen <= STILL_FALLING || count < self.plan.training.epochs || self.has_learnt_all() {
            return None;
        }
        let fell = format!("The loss still fell by {:.0} % {since}", 100.0 * fallen);
        let wrong = |epoch: &EpochRecord| ((1.0 - epoch.valid.accuracy) * self.counts.total() as f64).round() as u64;
        // What hardly changes the errors is said, and not advised.
        if is_chance(wrong(before), wrong(last)) && self.plan.schedule.kind == ScheduleKind::Constant {
            return Some((format!("{fell}: more epochs are likely to lower it further, the errors hardly."), None));
        }
        let more = if count <= SHORT { 3 * count } else { 2 * count };
        Some(match self.plan.schedule.kind {
            ScheduleKind::Constant => {
                let resume = format!("train --resume {} --set training.epochs={more}", quoted(self.run));
                (
                    format!("{fell}: more epochs are likely to bring more."),
                    Some((format!("more epochs{}", self.lasts(more - count)), resume)),
                )
            }
            kind => {
                let rate =
                    Schedule::new(self.plan, last.step.saturating_mul(more) / count.max(1)).learning_rate(last.step);
                let why = format!(
                    "{fell}, in part because the learning rate came to the end of its {kind} schedule: a longer run is worth a try. A \
                     resume with {more} epochs would stretch that schedule and go on within it, at a rate of {rate:.1e}, so begin anew."
                );
                (
                    why,
                    Some((
                        format!("more epochs, on a schedule of their own{}", self.lasts(more)),
                        self.again(&[format!("training.epochs={more}")]),
                    )),
                )
            }
        })
    }

    /// How long so many epochs take, where one took long enough to tell.
    fn lasts(&self, epochs: usize) -> String {
        let mut seconds: Vec<f64> = self.epochs.iter().map(|epoch| epoch.seconds).collect();
        let all = search::median(&mut seconds) * epochs as f64;
        if all >= 1.0 { format!(" (about {})", clock(all)) } else { String::new() }
    }

    /// What can learn more, or from more.
    fn other_networks(&self) -> Vec<Step> {
        let kind = |kind: ModelKind, what: &str| {
            let (name, ours) = (&self.plan.name, self.plan.model.kind.name());
            let name = match name.contains(ours) {
                true => name.replace(ours, kind.name()),
                false => format!("{name}-{kind}"),
            };
            (what.to_owned(), self.again(&[format!("model.kind={kind}"), format!("name={name}")]))
        };
        // Changed images are of use to a network that knows those it has better than others.
        let augmented = || self.augmented().filter(|_| self.leads() || self.has_learnt_all());
        let channels = format!("model.channels={}", 2 * self.plan.model.channels);
        let wider = || ("twice as many channels".to_owned(), self.again(&[channels]));
        let steps = match self.plan.model.kind {
            ModelKind::Linear => {
                vec![kind(ModelKind::TwoLayer, "a hidden layer: the lines of a linear model can be bent")]
            }
            ModelKind::TwoLayer => {
                vec![kind(ModelKind::SimpleCnn, "convolutions, which see strokes wherever they are")]
            }
            ModelKind::SimpleCnn => {
                augmented().into_iter().chain([kind(ModelKind::ResNet, "a residual net")]).collect()
            }
            ModelKind::ResNet => augmented().into_iter().chain([wider()]).collect(),
        };
        let cross_entropy = || {
            (
                "the cross-entropy, which punishes sure errors".to_owned(),
                self.again(&["training.loss=binary-cross-entropy".into()]),
            )
        };
        steps.into_iter().chain(self.is_too_sure.then(cross_entropy)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use data::Images;
    use metrics::Metrics;
    use plan::{Config, Setting};
    use task::{Shape, Task};

    use super::*;

    /// The paragraph, and the lines below it, of a run of these losses and accuracies of training and validation.
    fn verdict(settings: &[&str], epochs: &[[f64; 4]], is_finished: bool) -> (String, Vec<[String; 2]>) {
        verdict_of(settings, epochs, is_finished, false)
    }

    fn verdict_of(
        settings: &[&str],
        epochs: &[[f64; 4]],
        is_finished: bool,
        is_too_sure: bool,
    ) -> (String, Vec<[String; 2]>) {
        let task = Arc::new(Task::new(["3", "7"]).unwrap());
        let labels: Vec<u16> = (0..100).map(|index| index % 2).collect();
        let images = Images::new(&task, Shape::grey([1, 1]), vec![7; 100].into(), labels.clone());
        let images = Arc::new(images);
        let data = DataSet::in_memory("idx", images.clone(), images);
        let settings: Vec<Setting> = [&format!("training.epochs={}", epochs.len())]
            .into_iter()
            .map(String::as_str)
            .chain(settings.iter().copied())
            .map(|text| Setting::parse(text).unwrap())
            .collect();
        let plan = Plan::resolve(&Config::default(), &settings).unwrap();
        let metrics = |loss, accuracy| Metrics { loss, accuracy, ..Metrics::default() };
        let record = |(index, [train, valid, trained, accuracy]): (usize, &[f64; 4])| EpochRecord {
            epoch: index + 1,
            step: 10 * (index + 1),
            train: metrics(*train, *trained),
            valid: metrics(*valid, *accuracy),
            ..EpochRecord::default()
        };
        let epochs: Vec<EpochRecord> = epochs.iter().enumerate().map(record).collect();
        let predictions: Vec<u16> = (0..100).map(|index| u16::from(index % 2 == 1 && index > 8)).collect();
        let counts = Counts::of(2, &predictions, &labels);
        let run = Path::new("runs/a/b");
        let verdict = Verdict {
            run,
            plan: &plan,
            data: &data,
            epochs: &epochs,
            best: Some(epochs.len()),
            counts: &counts,
            is_too_sure,
            is_finished,
        };
        let mut blocks = verdict.blocks().into_iter();
        let Some(Block::Text(said)) = blocks.next() else { panic!("no paragraph") };
        let lines = blocks.map(|block| match block {
            Block::Code { caption, lines } => [caption, lines],
            block => panic!("{block:?}"),
        });
        (said, lines.collect())
    }

    #[test]
    fn a_run_that_went_well_is_told_how_and_what_comes_next() {
        let (said, lines) = verdict(&[], &[[0.3, 0.20, 0.94, 0.97], [0.2, 0.199, 0.98, 0.96]], true);
        let found = "The validation loss is lowest in the last epoch, 2: 0.199000. Accuracy peaked in epoch 1 at 0.9700, one image more: \
                     within the interval of the model's. Training accuracy ends at 0.9800: its distance from validation may be chance, \
                     no overfitting is seen yet.";
        assert_eq!(said, found);
        let next = "Next: convolutions, which see strokes wherever they are";
        assert_eq!(lines, [[next, "train runs/a/b/config.toml --set model.kind=simple-cnn --set name=simple-cnn\n"]]);
    }

    #[test]
    fn who_is_too_sure_is_sent_to_the_cross_entropy() {
        let (_, lines) = verdict_of(&[], &[[0.3, 0.20, 0.94, 0.97], [0.2, 0.199, 0.98, 0.96]], true, true);
        let line = "train runs/a/b/config.toml --set training.loss=binary-cross-entropy\n";
        assert_eq!(lines[1], ["Then: the cross-entropy, which punishes sure errors", line]);
    }

    #[test]
    fn a_loss_that_still_falls_asks_for_epochs_and_an_ended_schedule_for_a_run_of_its_own() {
        let falling = [[0.6, 0.5, 0.8, 0.9], [0.4, 0.4, 0.85, 0.96]];
        let (said, lines) = verdict(&[], &falling, true);
        assert!(
            said.contains("Training accuracy is below that of validation in every epoch: no overfitting"),
            "{said}"
        );
        // 10 and then 4 of 100 wrong may be chance.
        let brings = "The loss still fell by 20 % in the last epoch: more epochs are likely to lower it further, the errors hardly.";
        assert!(said.ends_with(brings), "{said}");
        assert_eq!((lines.len(), &lines[0][0][..5]), (1, "Next:"), "what hardly changes the errors is not advised");
        let (said, lines) = verdict(&["model.kind=simple-cnn"], &[falling[0], [0.4, 0.4, 0.85, 1.0]], true);
        assert!(said.ends_with(": more epochs are likely to bring more."), "{said}");
        assert_eq!(lines[0][1], "train --resume runs/a/b --set training.epochs=6\n");
        // Another network comes first where this one is small.
        let (_, small) = verdict(&[], &[falling[0], [0.4, 0.4, 0.85, 1.0]], true);
        assert!(small[0][0].starts_with("Next: convolutions") && small[1][0] == "Then: more epochs", "{small:?}");
        let resnet =
            "train runs/a/b/config.toml --set model.kind=resnet --set name=two-layer-resnet --set training.epochs=6\n";
        assert_eq!([&lines[0][0], &lines[1][1]], ["Next: more epochs", resnet]);
        let (said, lines) = verdict(&["schedule.kind=cosine", "model.kind=simple-cnn"], &falling, true);
        // A third of the way of six epochs: 0.1 times (1 + cos 60 degrees) / 2.
        let why = "A resume with 6 epochs would stretch that schedule and go on within it, at a rate of 7.5e-2, so begin anew.";
        assert!(said.ends_with(why), "{said}");
        assert_eq!(lines[0][1], "train runs/a/b/config.toml --set training.epochs=6\n");
    }

    #[test]
    fn who_has_learnt_all_is_shown_other_images_instead_of_more_epochs() {
        let all = [[0.6, 0.5, 0.8, 0.9], [0.1, 0.4, 1.0, 0.96]];
        let (said, lines) = verdict(&["model.kind=simple-cnn"], &all, true);
        assert!(said.contains("It has all training images right: more epochs find no more to learn in them"), "{said}");
        assert!(!said.contains("The loss still fell"), "{said}");
        assert_eq!(lines[0][1], "train runs/a/b/config.toml --set augmentation.shift=2\n");
        // What is not overfitted gains more by a network that can learn more.
        let (_, lines) = verdict(&["model.kind=simple-cnn"], &[[0.6, 0.4, 0.95, 0.96], [0.4, 0.4, 0.96, 0.96]], true);
        assert_eq!((lines.len(), &*lines[0][0]), (1, "Next: a residual net"));
    }

    #[test]
    fn a_fault_and_a_stop_have_their_own_command() {
        let flat = [[0.5, 0.5, 0.9, 0.9]; 3];
        let (said, lines) = verdict(&[], &flat, true);
        assert!(said.starts_with("The parameters do not move"), "{said}");
        assert_eq!(lines[0][1], "train lr-find runs/a/b/config.toml\n");
        let (_, lines) = verdict(&[], &flat, false);
        assert_eq!(lines[0][1], "train --resume runs/a/b\n");
        let overfit = [[0.3, 0.2, 0.97, 0.97], [0.2, 0.3, 0.98, 0.97], [0.1, 0.4, 0.99, 0.97]];
        let (said, lines) = verdict(&[], &overfit, true);
        assert!(said.starts_with("It overfits from epoch 1 on"), "{said}");
        assert_eq!(lines[0][1], "train runs/a/b/config.toml --set augmentation.shift=2\n");
        assert_eq!(lines[1][1], "train runs/a/b/config.toml --set optimizer.weight_decay=0.01\n");
    }
}
