//! `train tour`: the chapter, live, as a page or in the terminal.

use std::{num::NonZeroUsize, time::Instant};

use chart::{Block, Document, Section, html, terminal};
use data::DataSet;
use model::AutodiffBackend;
use train::{
    backend::choice::{self, Chosen},
    backend::{self, Visitor},
    plan::Plan,
    tour::{STOPS, Stop as TourStop, Tour, has_digits},
};

use super::{load_data, output, stop::Stop};
use crate::{
    DONE, INTERRUPTED,
    cli::{TourArgs, UsageError},
    terminal::{Out, colours, say, tell, width},
};

/// Computes the sections; prints them, or writes the page.
pub fn run(args: &TourArgs) -> anyhow::Result<u8> {
    let plan = args.plan.resolve()?;
    let wanted = wanted(args)?;
    args.page().iter().try_for_each(|path| output::check(path))?;
    backend::limit_threads(plan.threads);
    let chosen = choice::choose(plan.backend, plan.device)?;
    let stop = Stop::listen()?;
    let data = load_data::load(&plan, Some(stop.asked()))?;
    let stops = possible(wanted, args, &data)?;
    let began = Instant::now();
    let show = Show { args, plan: &plan, chosen: &chosen, data: &data, stop: &stop, stops: &stops };
    let sections = backend::dispatch(chosen.kind, chosen.index, &load_data::kernel_cache(), show)??;
    if stop.is_asked() {
        return Ok(INTERRUPTED);
    }
    if let Some(path) = args.page() {
        let document = document(&chosen, &data, sections, began);
        output::write(&path, &html::page(&document))?;
        say(&format!("written to `{}`", path.display()));
    }
    Ok(DONE)
}

/// The sections that are asked for: all but what takes minutes, where nothing is said.
fn wanted(args: &TourArgs) -> Result<Vec<TourStop>, UsageError> {
    if args.section.is_empty() {
        return Ok(STOPS.into_iter().filter(|stop| args.deeper || !stop.is_deep).collect());
    }
    let named = |number: &NonZeroUsize| STOPS.into_iter().find(|stop| stop.number == number.get());
    let no_such = |number: &NonZeroUsize| {
        UsageError(format!("there is no section {number}; the tour has the sections 1 to {}", STOPS.len()))
    };
    args.section.iter().map(|number| named(number).ok_or_else(|| no_such(number))).collect()
}

/// Those of them that this data can show.
fn possible(wanted: Vec<TourStop>, args: &TourArgs, data: &DataSet) -> Result<Vec<TourStop>, UsageError> {
    let (left_out, possible): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|stop| stop.needs_digits && !has_digits(data));
    if left_out.is_empty() {
        return Ok(possible);
    }
    let numbers = |stops: &[TourStop]| stops.iter().map(|stop| stop.number.to_string()).collect::<Vec<_>>().join(", ");
    let about = other_classes(&data.classes);
    if !args.section.is_empty() {
        let others = STOPS.into_iter().filter(|stop| !stop.needs_digits).collect::<Vec<_>>();
        let reason = format!("{about}; it can show the sections {}, not {}", numbers(&others), numbers(&left_out));
        return Err(UsageError(reason));
    }
    tell(&format!("warning: {about}: shown are the sections {}", numbers(&possible)));
    Ok(possible)
}

/// What keeps the sections on digits from being shown.
fn other_classes([positive, negative]: &[String; 2]) -> String {
    match [positive.as_str(), negative.as_str()] {
        ["7", "3"] => "`data.classes` has the 7s as the positive class, the chapter has the 3s".into(),
        _ => format!("the data is of {positive} and {negative}, not of 3s and 7s"),
    }
}

/// The tour, waiting for its backend.
struct Show<'a> {
    args: &'a TourArgs,
    plan: &'a Plan,
    chosen: &'a Chosen,
    data: &'a DataSet,
    stop: &'a Stop,
    stops: &'a [TourStop],
}

impl Visitor for Show<'_> {
    const WORK: &'static str = "computing the tour";

    type Output = anyhow::Result<Vec<Section>>;

    fn run<B: AutodiffBackend>(self, device: B::Device) -> Self::Output {
        let device_names = [self.chosen.kind.name().into(), self.chosen.device.name.clone()];
        let interrupter = self.stop.interrupter();
        let tour = Tour::<B> { plan: self.plan, data: self.data, device: &device, device_names, interrupter };
        let mut sections = Vec::with_capacity(self.stops.len());
        for stop in self.stops {
            self.announce(stop);
            let began = Instant::now();
            let section = tour.section(stop)?;
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
            let text = terminal::section(section, width(), colours());
            return Ok(writeln!(Out, "{text}")?);
        }
        say(&format!("{:>6.1} s", began.elapsed().as_secs_f64()));
        Ok(())
    }
}

fn document(chosen: &Chosen, data: &DataSet, sections: Vec<Section>, began: Instant) -> Document {
    let lead = format!(
        "Chapter 4 of the fast.ai book tells a handwritten 3 from a 7, from the pixels of one image to a network that learns. \
         This page was computed by the code it shows, with Burn on {} ({}), on {} training and {} validation images of {}, in \
         {:.1} s.",
        chosen.kind,
        chosen.device.name,
        data.train.len(),
        data.valid.len(),
        data.source,
        began.elapsed().as_secs_f64(),
    );
    Document { title: "A 3 or a 7: the chapter, live".into(), lead: vec![Block::Text(lead)], sections }
}
