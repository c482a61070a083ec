//! Host batches prepared ahead by worker threads, handed out in order.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use crate::{batcher::HostBatch, loader::Recipe};

/// Batches each worker prepares ahead: one in hand, one waiting.
const AHEAD: usize = 1;

/// The batches of one epoch: worker `w` of `n` makes batches w, w + n, w + 2n, .. and the consumer takes from the workers
/// in turn, so the order does not depend on who is faster. Dropping it ends the workers.
pub(crate) struct Prefetch {
    recipe: Recipe,
    batches: Arc<Vec<Vec<usize>>>,
    next: usize,
    workers: Vec<Receiver<HostBatch>>,
}

impl Prefetch {
    pub(crate) fn new(recipe: Recipe, batches: Vec<Vec<usize>>, workers: usize) -> Self {
        let batches = Arc::new(batches);
        let count = workers.min(batches.len());
        let spawn = |first| spawn(recipe.clone(), batches.clone(), first, count);
        // Too few threads in the system cost time, not the run: without workers each batch is made when asked for.
        let workers = (0..count).map(spawn).collect::<Option<_>>().unwrap_or_default();
        Self { recipe, batches, next: 0, workers }
    }
}

impl Iterator for Prefetch {
    type Item = HostBatch;

    fn next(&mut self) -> Option<HostBatch> {
        let indices = self.batches.get(self.next)?;
        let worker = self.workers.get(self.next % self.workers.len().max(1));
        self.next += 1;
        Some(worker.and_then(|worker| worker.recv().ok()).unwrap_or_else(|| self.recipe.make(indices)))
    }
}

/// Starts a worker; none when the system has no thread to give.
fn spawn(recipe: Recipe, batches: Arc<Vec<Vec<usize>>>, first: usize, step: usize) -> Option<Receiver<HostBatch>> {
    let (sender, receiver) = sync_channel(AHEAD);
    let work = move || serve(&recipe, batches.iter().skip(first).step_by(step), &sender);
    thread::Builder::new().name(format!("loader-{first}")).spawn(work).ok().map(|_| receiver)
}

/// Makes batches until there are no more or nobody takes them.
fn serve<'a>(recipe: &Recipe, batches: impl Iterator<Item = &'a Vec<usize>>, sender: &SyncSender<HostBatch>) {
    for indices in batches {
        if sender.send(recipe.make(indices)).is_err() {
            return;
        }
    }
}
