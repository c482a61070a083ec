//! What worker threads make ahead of being asked for it, handed out in order.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

/// Batches each worker prepares ahead: one in hand, one waiting.
const AHEAD: usize = 1;

/// The batches of one epoch, each made of its indices: worker `w` of `n` makes batches w, w + n, w + 2n, .. and the consumer
/// takes from the workers in turn, so the order does not depend on who is faster. Dropping it ends the workers.
pub(crate) struct Prefetch<T> {
    make: Make<T>,
    batches: Arc<Vec<Vec<usize>>>,
    next: usize,
    workers: Vec<Receiver<T>>,
}

type Make<T> = Arc<dyn Fn(&[usize]) -> T + Send + Sync>;

impl<T: Send + 'static> Prefetch<T> {
    pub(crate) fn new(
        make: impl Fn(&[usize]) -> T + Send + Sync + 'static,
        batches: Vec<Vec<usize>>,
        workers: usize,
    ) -> Self {
        let (make, batches): (Make<T>, _) = (Arc::new(make), Arc::new(batches));
        let count = workers.min(batches.len());
        let spawn = |first| spawn(make.clone(), batches.clone(), first, count);
        // Too few threads in the system cost time, not the run: without workers each batch is made when asked for.
        let workers = (0..count).map(spawn).collect::<Option<_>>().unwrap_or_default();
        Self { make, batches, next: 0, workers }
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let indices = self.batches.get(self.next)?;
        let worker = self.workers.get(self.next % self.workers.len().max(1));
        self.next += 1;
        Some(worker.and_then(|worker| worker.recv().ok()).unwrap_or_else(|| (self.make)(indices)))
    }
}

/// Starts a worker; none when the system has no thread to give.
fn spawn<T: Send + 'static>(
    make: Make<T>,
    batches: Arc<Vec<Vec<usize>>>,
    first: usize,
    step: usize,
) -> Option<Receiver<T>> {
    let (sender, receiver) = sync_channel(AHEAD);
    let work = move || serve(&make, batches.iter().skip(first).step_by(step), &sender);
    thread::Builder::new().name(format!("loader-{first}")).spawn(work).ok().map(|_| receiver)
}

/// Makes batches until there are no more or nobody takes them.
fn serve<'a, T>(make: &Make<T>, batches: impl Iterator<Item = &'a Vec<usize>>, sender: &SyncSender<T>) {
    for indices in batches {
        if sender.send(make(indices)).is_err() {
            return;
        }
    }
}
