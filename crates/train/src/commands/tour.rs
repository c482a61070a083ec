//! `train tour`: the chapter, live, as a page or in the terminal.

use std::{
    env, mem,
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Instant,
};

use chart::{Block, Document, Section, html, terminal};
use data::DataSet;
use model::AutodiffBackend;
use plan::Plan;
use report::grouped;
use run::{EpochRecord, RunFolder};
use task::Task;
use tour::{STOPS, Stop as TourStop, Tour, has_digits};
use train::{
    Error,
    backend::BackendJob,
    fit::Job,
    observer::{EpochProgress, Observer},
    ranks::Ranks,
};

use super::{load_data, output, stop::Stop, workbench::Workbench};
use crate::{
    DONE, INTERRUPTED,
    cli::{TourArgs, UsageError},
    terminal::{Out, colours, say, tell, width},
};

/// Computes the sections; prints them, or writes the page.
pub fn run(args: &TourArgs) -> anyhow::Result<u8> {
    let plan = args.plan.resolve()?;
    args.section.iter().try_for_each(|number| named(*number).map(drop))?;
    args.page().iter().try_for_each(|path| output::check(path))?;
    let stop = Stop::listen()?;
    let workbench = Workbench::open(plan, Some(&stop))?;
    let stops = planned(args, &workbench.data)?;
    warn(&stops, &workbench.data);
    let began = Instant::now();
    let mnist = load_data::all_of_mnist(&workbench.plan, &workbench.data)?;
    let show = Show { args, workbench: &workbench, mnist: mnist.as_ref(), stop: &stop, stops: &stops };
    let sections = workbench.run(show)??;
    if stop.is_asked() {
        return Ok(INTERRUPTED);
    }
    if let Some(path) = args.page() {
        let mut document = document(&workbench, sections, began);
        if args.section.is_empty() {
            document.sections.push(what_next());
        }
        output::write(&path, html::page(&document))?;
        say(&format!("written to `{}`", path.display()));
    }
    Ok(DONE)
}

/// A section, and why it is left out, where it is.
type Planned = (TourStop, Option<String>);

/// The sections that are asked for, or else all of them: what takes minutes and what this data cannot show in their places alone.
fn planned(args: &TourArgs, data: &DataSet) -> Result<Vec<Planned>, UsageError> {
    let lacks_digits = |stop: &TourStop| stop.needs_digits && !has_digits(data);
    let about = other_classes(data.task());
    if args.section.is_empty() {
        let why = |stop: &TourStop| match stop {
            stop if lacks_digits(stop) => Some(format!("{about}; `train tour` without a config shows it")),
            stop if stop.is_deep && !args.deeper => Some(DEEPER.to_owned()),
            _ => None,
        };
        return Ok(STOPS.into_iter().map(|stop| (stop, why(&stop))).collect());
    }
    let stops = args.section.iter().map(|number| named(*number)).collect::<Result<Vec<_>, _>>()?;
    let impossible: Vec<TourStop> = stops.iter().copied().filter(lacks_digits).collect();
    if !impossible.is_empty() {
        let others = STOPS.into_iter().filter(|stop| !stop.needs_digits);
        let reason = format!("{about}; it can show the sections {}, not {}", numbers(others), numbers(impossible));
        return Err(UsageError(reason));
    }
    Ok(stops.into_iter().map(|stop| (stop, None)).collect())
}

const DEEPER: &str = "it trains two residual nets, which takes a minute or more; `train tour --deeper` shows it";

fn named(number: NonZeroUsize) -> Result<TourStop, UsageError> {
    let no_such = || format!("there is no section {number}; the tour has the sections 1 to {}", STOPS.len());
    STOPS.into_iter().find(|stop| stop.number == number.get()).ok_or_else(|| UsageError(no_such()))
}

fn numbers(stops: impl IntoIterator<Item = TourStop>) -> String {
    stops.into_iter().map(|stop| stop.number.to_string()).collect::<Vec<_>>().join(", ")
}

/// Says which sections there are on data that is not of 3s and 7s.
fn warn(stops: &[Planned], data: &DataSet) {
    let shown = stops.iter().filter(|(_, why)| why.is_none()).map(|(stop, _)| *stop);
    if stops.iter().any(|(_, why)| why.is_some()) && !has_digits(data) {
        tell(&format!("warning: {}: shown are the sections {}", other_classes(data.task()), numbers(shown)));
    }
}

/// What keeps the sections on digits from being shown.
fn other_classes(task: &Task) -> String {
    match task.classes() {
        [first, second] if first == "7" && second == "3" => {
            "`data.classes` has the 7s as the positive class, the chapter has the 3s".into()
        }
        [first, second] => format!("the data is of {first} and {second}, not of 3s and 7s"),
        classes => format!("the data is of {} classes, not of 3s and 7s", classes.len()),
    }
}

/// The tour, waiting for its backend.
struct Show<'a> {
    args: &'a TourArgs,
    workbench: &'a Workbench,
    mnist: Option<&'a DataSet>,
    stop: &'a Stop,
    stops: &'a [Planned],
}

impl BackendJob for Show<'_> {
    const WORK: &'static str = "computing the tour";

    type Output = anyhow::Result<Vec<Section>>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let Workbench { plan, data, .. } = self.workbench;
        let tour = Tour::<B> { plan, data, mnist: self.mnist, device: &device };
        let train = |plan| train(self.workbench, self.stop, plan);
        let mut sections = Vec::with_capacity(self.stops.len());
        for (stop, why) in self.stops {
            if let Some(why) = why {
                let section = stop.left_out(why, has_digits(data));
                if self.args.plain {
                    self.print(&section)?;
                } else {
                    self.announce(stop);
                    say("left out");
                }
                sections.push(section);
                continue;
            }
            self.announce(stop);
            let began = Instant::now();
            let section = tour.section(stop, &train)?;
            if self.stop.is_asked() {
                break;
            }
            self.show(&section, began)?;
            sections.push(section);
        }
        Ok(sections)
    }
}

impl Show<'_> {
    /// What is computed now, where a page is made. A reader that has gone does not stop the page.
    fn announce(&self, stop: &TourStop) {
        if !self.args.plain {
            let mut out = Out;
            // Number, heading and seconds in a line, on a narrow terminal too.
            let room = width().saturating_sub(13).min(44);
            let _ = write!(out, "{:>2}. {:<room$}", stop.number, stop.heading).and_then(|()| out.flush());
        }
    }

    /// The section itself, or how long it took.
    fn show(&self, section: &Section, began: Instant) -> anyhow::Result<()> {
        if self.args.plain {
            return self.print(section);
        }
        say(&format!("{:>6.1} s", began.elapsed().as_secs_f64()));
        Ok(())
    }

    fn print(&self, section: &Section) -> anyhow::Result<()> {
        let text = terminal::section(section, width(), colours());
        Ok(writeln!(Out, "{text}")?)
    }
}

/// Trains in a folder that is gone afterwards; returns the epochs.
fn train(workbench: &Workbench, stop: &Stop, plan: Plan) -> anyhow::Result<Vec<EpochRecord>> {
    let temporary = tempfile::tempdir();
    let temporary = temporary.map_err(|cause| files::Error::Write { path: env::temp_dir(), cause })?;
    let folder = RunFolder::create(&Plan { runs: temporary.path().into(), ..plan.clone() })?;
    let heard = Heard::default();
    workbench.fit(Job {
        plan: Arc::new(plan),
        data: &workbench.data,
        folder: Some(&folder),
        resume: None,
        backend: workbench.chosen.kind.name().into(),
        device: workbench.chosen.device.name.clone(),
        observer: Box::new(heard.clone()),
        interrupter: stop.interrupter(),
        pause: None,
        tui: false,
        ranks: Ranks::default(),
    })?;
    Ok(mem::take(&mut *heard.0.lock().expect("nobody panics with it")))
}

#[derive(Clone, Debug, Default)]
struct Heard(Arc<Mutex<Vec<EpochRecord>>>);

impl Observer for Heard {
    fn batches(&mut self, _: &EpochProgress) {}

    fn epoch(&mut self, record: &EpochRecord, _: usize, _: bool) {
        self.0.lock().expect("nobody panics with it").push(record.clone());
    }

    fn warning(&mut self, _: &Error) {}
}

/// What to do with what was learnt.
fn what_next() -> Section {
    let steps = [
        ("Train section 11's net yourself, and open its page", "train two-layer\n"),
        ("Draw a digit, and see what it is taken for and why", "train serve latest\n"),
        ("All ten digits, by the net of the book's chapter 13", "train mnist-simple-cnn\n"),
        (
            "Pictures of your own, a folder for each class: look at them, then train",
            "train data folder --set data.path=PICTURES --html data.html\ntrain folder --set data.path=PICTURES\n",
        ),
    ];
    let steps = steps.map(|(caption, lines)| Block::Code { caption: caption.into(), lines: lines.into() });
    Section::new("What next", [Block::Beside(steps.into())])
}

fn document(Workbench { chosen, data, .. }: &Workbench, sections: Vec<Section>, began: Instant) -> Document {
    let lead = format!(
        "Chapter 4 of the fast.ai book tells a handwritten 3 from a 7, from the pixels of one image to a network that learns. \
         This page was computed by the code it shows, with Burn on {} ({}), on {} training and {} validation images of {}, in \
         {:.1} s.",
        chosen.kind,
        chosen.device.name,
        grouped(data.train.len()),
        grouped(data.valid.len()),
        data.source,
        began.elapsed().as_secs_f64(),
    );
    let outcomes = tour::outcomes(&sections).map(Block::Table);
    Document {
        title: "A 3 or a 7: the chapter, live".into(),
        lead: [Block::Text(lead)].into_iter().chain(outcomes).collect(),
        sections,
    }
}
