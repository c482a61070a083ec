//! The lines of an overview, as wide and as many as a terminal has.

use chart::terminal::{Colours, progress};
use console::{measure_text_width, truncate_str};
use report::clock;

use super::{
    Overview,
    row::{INDENT, NARROW},
};

/// The most trials that are shown, whatever the height.
const MOST: usize = 12;

impl Overview {
    /// At most `height` lines of at most `width` columns. Where it stops, why is said in place of the time.
    pub fn lines(&self, [width, height]: [usize; 2], stopping: Option<&str>, colours: Colours) -> Vec<String> {
        let mut lines = self.trials(width, colours);
        lines.extend(match stopping {
            Some(why) => wrapped("stopping", why.split(' ').map(str::to_owned), " ", width, INDENT),
            None => self.time(width),
        });
        lines.extend(self.best.as_ref().map(|best| cut(&best.best(colours), width)));
        let room = height.saturating_sub(lines.len()).min(MOST);
        let all = self.running.len();
        let shown = if all > room { room.saturating_sub(1) } else { all };
        lines.extend(self.running[..shown].iter().map(|row| cut(&row.running(width, colours), width)));
        if shown < all {
            lines.push(format!("{:INDENT$}and {} more", "", all - shown));
        }
        lines.truncate(height);
        lines.iter().map(|line| truncate_str(line, width, "…").into_owned()).collect()
    }

    /// How many have ended of how many, and how many stand how.
    fn trials(&self, width: usize, colours: Colours) -> Vec<String> {
        let bar = progress(self.part, if width < NARROW { 10 } else { 20 }, colours);
        let counts = self.counts.iter().filter(|(count, _)| *count > 0).map(|(count, name)| match *name {
            "failed" => colours.bad(&format!("{count} {name}")),
            _ => format!("{count} {name}"),
        });
        let pieces = std::iter::once(format!("{bar} {}/{}", self.ended, self.total)).chain(counts);
        wrapped("trials", pieces, ", ", width, INDENT)
    }

    /// How long it has taken and will take.
    fn time(&self, width: usize) -> Vec<String> {
        let left = time_left(self.left);
        wrapped("time", [clock(self.elapsed.as_secs_f64()), left].into_iter(), ", ", width, INDENT)
    }
}

/// A trial's line without the keys of its point that there is no room for: half a key says nothing.
fn cut(line: &str, width: usize) -> String {
    if measure_text_width(line) <= width {
        return line.into();
    }
    let begun = truncate_str(line, width.saturating_sub(1), "");
    begun.rsplit_once(' ').map_or_else(|| line.into(), |(whole, _)| format!("{whole} …"))
}

/// The time left, in words.
pub fn time_left(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "- left".into(), |left| format!("about {} left", clock(left)))
}

/// Pieces behind a name, indented by so much, on as many lines as they need.
pub(super) fn wrapped(
    name: &str,
    pieces: impl Iterator<Item = String>,
    between: &str,
    width: usize,
    indent: usize,
) -> Vec<String> {
    let mut lines = vec![format!("{name:<indent$}")];
    let mut is_first = true;
    for piece in pieces {
        let line = lines.last_mut().expect("there is one from the start");
        let fits = measure_text_width(line) + between.len() + measure_text_width(&piece) <= width;
        if is_first {
            *line += &piece;
        } else if fits {
            *line += between;
            *line += &piece;
        } else {
            *line += between.trim_end();
            lines.push(format!("{:indent$}{piece}", ""));
        }
        is_first = false;
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::overview::Row;

    fn row(number: usize, value: f64, done: usize, point: &str) -> Row {
        Row { number, value: Some(value), done, part: 0.0, epochs: 5, point: point.into() }
    }

    fn overview(running: usize) -> Overview {
        let point = |number: usize| format!("learning_rate=0.{number} hidden=50 seed=1");
        Overview {
            counts: vec![
                (16, "finished"),
                (1, "pruned"),
                (0, "stopped early"),
                (1, "failed"),
                (running as u64, "running"),
                (44, "waiting"),
            ],
            ended: 18,
            total: 64,
            part: 0.3,
            elapsed: Duration::from_secs(72),
            left: Some(185.0),
            best: Some(row(14, 0.982336, 5, &point(1))),
            running: (0..running).map(|place| row(19 + place, 0.979392, 4 - place % 4, &point(3))).collect(),
        }
    }

    fn lines(overview: &Overview, size: [usize; 2]) -> Vec<String> {
        overview.lines(size, None, Colours::Plain)
    }

    #[test]
    fn a_wide_terminal_has_a_line_for_each_thing() {
        let expected = [
            "trials   ━━━━━━────────────── 18/64, 16 finished, 1 pruned, 1 failed, 2 running, 44 waiting",
            "time     1:12 min, about 3:05 min left",
            "best     0.982336  trial 14, learning_rate=0.1 hidden=50 seed=1",
            "   19  ━━━━━━──  0.979392    4/5 epochs  learning_rate=0.3 hidden=50 seed=1",
            "   20  ━━━━────  0.979392    3/5 epochs  learning_rate=0.3 hidden=50 seed=1",
        ];
        assert_eq!(lines(&overview(2), [120, 24]), expected);
    }

    #[test]
    fn a_narrow_one_has_more_lines_and_shorter_ones() {
        let expected = [
            "trials   ━━━─────── 18/64, 16 finished,",
            "         1 pruned, 1 failed, 2 running,",
            "         44 waiting",
            "time     1:12 min, about 3:05 min left",
            "best     0.982336  trial 14, …",
            "   19  ━━━─  0.979392 4/5  …",
            "   20  ━━──  0.979392 3/5  …",
        ];
        assert_eq!(lines(&overview(2), [40, 24]), expected);
    }

    #[test]
    fn a_trial_is_cut_between_its_keys() {
        let line = "   19  ━━━━━━──  0.979392    4/5 epochs  learning_rate=0.3 hidden=50";
        let expected = [
            (68, line.to_owned()),
            (67, "   19  ━━━━━━──  0.979392    4/5 epochs  learning_rate=0.3 …".into()),
            (60, "   19  ━━━━━━──  0.979392    4/5 epochs  learning_rate=0.3 …".into()),
            (59, "   19  ━━━━━━──  0.979392    4/5 epochs  …".into()),
        ];
        assert_eq!(expected.clone().map(|(width, _)| (width, cut(line, width))), expected);
    }

    #[test]
    fn many_running_trials_are_counted_beyond_what_there_is_room_for() {
        let low = lines(&overview(30), [80, 8]);
        assert_eq!((low.len(), low.last().unwrap().as_str()), (8, "         and 27 more"));
        let high = lines(&overview(30), [80, 50]);
        assert_eq!((high.len(), high.last().unwrap().as_str()), (4 + MOST, "         and 19 more"));
        assert_eq!(lines(&overview(MOST), [80, 50]).len(), 4 + MOST);
        assert_eq!(lines(&overview(30), [80, 2]).len(), 2);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_coloured_or_not() {
        for (width, colours) in (1..130).flat_map(|width| [(width, Colours::Plain), (width, Colours::TrueColour)]) {
            let lines = overview(4).lines([width, 24], Some("as asked: all is saved"), colours);
            let wide = lines.iter().find(|line| measure_text_width(line) > width && width > 20);
            assert_eq!(wide, None, "{width}");
        }
    }

    #[test]
    fn before_the_first_epoch_there_is_no_best_and_no_end_in_sight() {
        let mut early = overview(1);
        (early.best, early.left, early.running[0].value, early.running[0].done) = (None, None, None, 0);
        let expected = [
            "time     1:12 min, - left",
            "   19  ────────  -           0/5 epochs  learning_rate=0.3 hidden=50 seed=1",
        ];
        assert_eq!(lines(&early, [80, 24])[2..], expected);
    }

    #[test]
    fn where_it_stops_why_stands_in_place_of_the_time() {
        let lines =
            overview(0).lines([40, 24], Some("as asked; what runs finishes its step and saves"), Colours::Plain);
        let expected = ["stopping as asked; what runs finishes", "         its step and saves"];
        assert_eq!(lines[2..4], expected);
    }

    #[test]
    fn colours_mark_the_bar_the_best_and_what_failed() {
        let lines = overview(0).lines([120, 24], None, Colours::TrueColour);
        let expected = "trials   \u{1b}[38;2;42;161;152m━━━━━━\u{1b}[0m────────────── 18/64, 16 finished, 1 pruned, \
                        \u{1b}[38;2;213;94;0m1 failed\u{1b}[0m, 44 waiting";
        assert_eq!(lines[0], expected);
        assert!(lines[2].contains("\u{1b}[38;2;0;158;115m0.982336\u{1b}[0m"), "{}", lines[2]);
    }
}
