//! Which of the known names a mistyped one most likely means.

/// The candidate with the fewest typing errors between it and `word`, if they are no more than a third of its letters.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distances = candidates.into_iter().map(|name| (strsim::damerau_levenshtein(word, name), name));
    let limit = (word.chars().count() / 3).max(1);
    distances.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// `; did you mean ..?` for a near candidate, else nothing.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates).map_or_else(String::new, suggestion)
}

/// The hint that names one candidate.
pub(super) fn suggestion(name: &str) -> String {
    format!("; did you mean `{name}`?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_missing_and_doubled_letters_are_near() {
        let names = ["epochs", "batch_size", "loss"];
        assert_eq!(nearest("ephocs", names), Some("epochs"));
        assert_eq!(nearest("batchsize", names), Some("batch_size"));
        assert_eq!(nearest("losss", names), Some("loss"));
    }

    #[test]
    fn another_word_is_not_near() {
        assert_eq!(nearest("dropout", ["epochs", "batch_size", "loss"]), None);
        assert_eq!(did_you_mean("dropout", ["epochs"]), "");
    }
}
