//! Measurements as a table.

/// Measurements by name, in the order of their first appearance.
#[derive(Default)]
pub struct Rows(Vec<(String, &'static str, Vec<f64>)>);

impl Rows {
    /// Adds a measurement.
    pub fn add(&mut self, name: &str, value: f64, unit: &'static str) {
        match self.0.iter_mut().find(|row| row.0 == name) {
            Some(row) => row.2.push(value),
            None => self.0.push((name.into(), unit, vec![value])),
        }
    }

    /// The median ratio of two measurements of the same rounds: a slow minute of the machine slows both. None where a peer
    /// failed in one of them.
    fn ratio(&self, value: &str, of: &str) -> Option<f64> {
        let values = |name: &str| self.0.iter().find(|row| row.0 == name).map(|row| &row.2);
        let (value, of) = (values(value)?, values(of)?);
        let ratios: Vec<f64> = value.iter().zip(of).map(|(value, of)| value / of).collect();
        (value.len() == of.len()).then(|| median(&ratios))
    }

    /// Prints them, and their ratios beside what they should be.
    pub fn print(&self, ratios: &[Ratio]) {
        println!("{:<58} {:>9} {:>9} {:>9}", "", "median", "min", "max");
        for (name, unit, values) in &self.0 {
            let (least, most) = values.iter().fold((f64::MAX, 0.0_f64), |(l, m), v| (l.min(*v), m.max(*v)));
            println!("{name:<58} {:>9.2} {least:>9.2} {most:>9.2} {unit}", median(values));
        }
        println!();
        for (name, value, of, goal) in ratios {
            if let Some(ratio) = self.ratio(value, of) {
                println!("{name:<58} {ratio:>9.3}   {goal}");
            }
        }
    }
}

/// Name, value, what it is divided by, what it should be.
pub type Ratio = (&'static str, &'static str, &'static str, &'static str);

/// The middle one.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
