//! As many as a page can hold.

use chart::{Block, Table, grouped};

/// Cells of a table of all rows: three hundred rows of ten columns. More of them are lines, of so many characters together.
const CELLS: usize = 3000;
const CHARACTERS: usize = 80_000;

/// As many as there may be, at equal distances, the first and the last among them.
pub fn few<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    if all.len() <= most || most < 2 {
        return all.iter().take(most).cloned().collect();
    }
    (0..most).map(|place| all[place * (all.len() - 1) / (most - 1)].clone()).collect()
}

/// What has to be said where not all are shown.
pub fn left_out(shown: usize, all: usize, what: &str) -> Option<String> {
    (shown < all).then(|| {
        format!("Shown are {} of {} {what}, evenly chosen from the best to the worst.", grouped(shown), grouped(all))
    })
}

/// All rows for who asks, each one of `what`, with a note where they have links; very many as comma-separated values.
pub fn all_rows(table: Table, what: &str, note: Option<String>) -> Block {
    if table.rows.len() * table.header.len() > CELLS {
        return as_lines(&table, what);
    }
    let summary = format!("All {} {what}", grouped(table.rows.len()));
    Block::Fold { summary, blocks: [Block::Table(table)].into_iter().chain(note.map(Block::Text)).collect() }
}

fn as_lines(table: &Table, what: &str) -> Block {
    let cell = |cell: &String| cell.replace(',', "").replace(['\u{a0}', '\n'], " ");
    let line = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(",") + "\n";
    let lines: Vec<String> = table.rows.iter().map(line).collect();
    let (all, length) = (lines.len(), lines.iter().map(String::len).sum::<usize>());
    let shown = few(&lines, all * CHARACTERS / length.max(CHARACTERS));
    let summary = match shown.len() {
        few if few < all => format!("{} of {} {what}, at equal distances", grouped(few), grouped(all)),
        _ => format!("All {} {what}", grouped(all)),
    };
    let lines = [line(&table.header)].into_iter().chain(shown).collect();
    Block::Fold { summary, blocks: vec![Block::Code { caption: "comma-separated values".into(), lines }] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_of_many_hold_both_ends() {
        assert_eq!(few(&[1, 2, 3], 3), [1, 2, 3]);
        let many: Vec<usize> = (0..10_000).collect();
        let few = few(&many, 100);
        assert_eq!((few.len(), few[0], few[99]), (100, 0, 9_999));
        assert!(few.windows(2).all(|pair| pair[1] - pair[0] >= 100));
    }

    #[test]
    fn what_is_left_out_is_said() {
        assert_eq!(left_out(3, 3, "trials"), None);
        assert!(left_out(100, 10_000, "trials").is_some_and(|text| text.starts_with("Shown are 100 of 10,000 trials")));
    }

    #[test]
    fn very_many_rows_are_lines_that_a_page_can_hold() {
        let of = |rows: usize| {
            let mut table = Table::new(["run", "epochs"], 1);
            (0..rows).for_each(|row| table.add_row([format!("a, b\n{row}"), "1,000".into()]));
            match all_rows(table, "runs", Some("a note".into())) {
                Block::Fold { summary, blocks } => (summary, blocks),
                block => panic!("{block:?}"),
            }
        };
        let (summary, blocks) = of(1_500);
        assert!(summary == "All 1,500 runs" && blocks.len() == 2 && matches!(blocks[0], Block::Table(_)), "{blocks:?}");
        let lines = |rows: usize| {
            let (summary, blocks) = of(rows);
            match &blocks[..] {
                [Block::Code { lines, .. }] => (summary, lines.clone()),
                blocks => panic!("{blocks:?}"),
            }
        };
        let (summary, all) = lines(1_501);
        assert!(summary == "All 1,501 runs" && all.starts_with("run,epochs\na b 0,1000\n"), "{all}");
        let (summary, some) = lines(100_000);
        assert!(summary.ends_with(" of 100,000 runs, at equal distances") && some.len() < CHARACTERS + 20, "{summary}");
        assert!(some.contains("\na b 0,1000\n") && some.ends_with("\na b 99999,1000\n"));
    }
}
