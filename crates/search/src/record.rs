//! What is known of a trial.

/// What is known of a trial while a study runs; a restart reads it from the trial's run folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its number in the study.
    pub trial: usize,
    /// The metric after each epoch, from epoch 1 on.
    pub values: Vec<f64>,
    pub state: State,
}

/// What a trial does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A process works on it.
    Running,
    /// It could go on from its checkpoint, and no process works on it.
    Waiting,
    /// It came to its end: all epochs, or fewer where it stopped early by itself.
    Finished,
    /// It failed or was pruned, and never goes on.
    Ended,
}

impl Record {
    /// How many epochs it has done.
    pub fn epochs(&self) -> usize {
        self.values.len()
    }

    /// The metric after this epoch, counted from 1.
    pub fn after(&self, epoch: usize) -> Option<f64> {
        self.values.get(epoch.checked_sub(1)?).copied()
    }
}
