//! The lines of the very functions that are talked about, taken from the source when this crate is built.

/// A source file of this repository.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its path, from the root of the repository.
    pub path: &'static str,
    pub text: &'static str,
}

/// Names files below `crates`, each with its text, and lists them.
macro_rules! files {
    ($($name:ident = $path:literal),* $(,)?) => {
        $(
            #[doc = concat!("`crates/", $path, "`.")]
            pub const $name: File =
                File { path: concat!("crates/", $path), text: include_str!(concat!("../../", $path)) };
        )*
        /// All of them.
        pub const FILES: &[File] = &[$($name),*];
    };
}

// The files of this package, and those of the others that the chapter's words and sections lead to: the one place that has
// their paths.
files! {
    ACCURACY = "chapter/src/accuracy.rs",
    CURVE = "chapter/src/curve.rs",
    GRADIENT = "chapter/src/gradient.rs",
    LAYERS = "chapter/src/layers.rs",
    LEARNER = "chapter/src/learner.rs",
    LEARNING_RATE = "chapter/src/learning_rate.rs",
    LETTERS = "chapter/src/letters.rs",
    LOSSES = "chapter/src/losses.rs",
    METRIC_AND_LOSS = "chapter/src/metric_and_loss.rs",
    NON_LINEARITY = "chapter/src/non_linearity.rs",
    QUADRATIC_FIT = "chapter/src/quadratic_fit.rs",
    MEASUREMENTS = "chapter/src/quadratic_fit/measurements.rs",
    SGD = "chapter/src/sgd.rs",
    SIMILARITY = "chapter/src/similarity.rs",
    TENSORS = "chapter/src/tensors.rs",
    SHADE = "chart/src/shade.rs",
    AUGMENTATION = "data/src/augmentation.rs",
    DATASET = "data/src/dataset.rs",
    LOADER = "data/src/loader.rs",
    EVALUATION = "metrics/src/evaluation.rs",
    DISTANCE = "model/src/distance.rs",
    INIT = "model/src/init.rs",
    LINEAR = "model/src/linear.rs",
    LOSS = "model/src/loss.rs",
    PIXEL_SIMILARITY = "model/src/pixel_similarity.rs",
    RESNET = "model/src/resnet.rs",
    TWO_LAYER = "model/src/two_layer.rs",
    TASK = "task/src/lib.rs",
    SESSION = "train/src/fit/session.rs",
}

/// The lines of a function, type or constant in a file, as [`find`] gives them, moved to the left edge.
pub fn item(file: &File, name: &str) -> Option<String> {
    let lines = find(file.text, name)?;
    let margin = indent(lines);
    Some(lines.lines().map(|line| line.get(margin..).unwrap_or_default()).collect::<Vec<_>>().join("\n"))
}

/// The lines of the first item of this name, with the comments and attributes above it. The text is taken to be in the
/// form that rustfmt gives it.
pub fn find<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| names(line, name))?;
    let above = lines[..at].iter().rev().take_while(|line| belongs_to_the_next(line)).count();
    let last = at + lines[at..].iter().position(|line| ends(line, indent(lines[at])))?;
    let offset = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
    Some(&text[offset(lines[at - above])..offset(lines[last]) + lines[last].len()])
}

/// Whether an item of this name begins on the line.
fn names(line: &str, name: &str) -> bool {
    let line = line.trim_start();
    let line = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
    let kinds = ["fn ", "struct ", "enum ", "trait ", "type ", "const "];
    let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind)).and_then(|rest| rest.strip_prefix(name));
    rest.is_some_and(|rest| rest.starts_with(['(', '<', ' ', ':', ';', '{']))
}

fn belongs_to_the_next(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("///") || line.starts_with("#[")
}

/// Whether an item that is indented so far ends with this line.
fn ends(line: &str, item: usize) -> bool {
    indent(line) == item && (line.ends_with('}') || line.ends_with(';'))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "//! A file.\n\nuse x;\n\n\
        /// Doubles.\n#[must_use]\npub fn double(\n    x: u8,\n) -> u8 {\n    2 * x\n}\n\n\
        struct Unit;\n\nimpl Unit {\n    /// One.\n    fn one(&self) -> u8 {\n        1\n    }\n}\n\n\
        const DOUBLES: u8 = 2;\n";

    #[test]
    fn an_item_comes_whole_with_what_stands_above_it() {
        let double = "/// Doubles.\n#[must_use]\npub fn double(\n    x: u8,\n) -> u8 {\n    2 * x\n}";
        assert_eq!(find(TEXT, "double"), Some(double));
        assert_eq!(find(TEXT, "Unit"), Some("struct Unit;"));
        assert_eq!(find(TEXT, "one"), Some("    /// One.\n    fn one(&self) -> u8 {\n        1\n    }"));
        assert_eq!(find(TEXT, "DOUBLES"), Some("const DOUBLES: u8 = 2;"));
    }

    #[test]
    fn a_name_is_a_whole_name() {
        assert_eq!(find(TEXT, "doub"), None);
        assert_eq!(find(TEXT, "on"), None);
    }

    #[test]
    fn an_item_of_a_block_stands_at_the_left_edge() {
        let step = item(&PIXEL_SIMILARITY, "mean").unwrap();
        assert!(
            step.starts_with("/// The mean image") && step.ends_with("\n}") && step.contains("\n    self."),
            "{step}"
        );
    }

    #[test]
    fn the_seven_steps_are_in_the_source() {
        for (_, function) in crate::sgd::STEPS {
            let lines = item(&SGD, function).unwrap();
            assert!(lines.starts_with("/// Step ") && lines.lines().count() <= 30, "{lines}");
        }
    }
}
