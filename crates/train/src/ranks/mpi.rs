//! The processes that `mpirun` or `srun` has started, by the MPI library that the program was built with.

use std::{
    process,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use mpi::{
    Threading,
    datatype::{Partition, PartitionMut},
    environment::{Universe, processor_name},
    topology::SimpleCommunicator,
    traits::{Communicator as _, CommunicatorCollectives as _},
};

use super::Transport;

/// How often it is looked whether the others are heard of.
const LOOK: Duration = Duration::from_millis(100);

/// All processes of this start.
pub struct Mpi {
    /// Until the end of the exchange.
    universe: Mutex<Option<Universe>>,
    host: String,
    rank: usize,
    count: usize,
    watch: Arc<Watch>,
}

/// Since when this process waits for the others, and how long it may. A call of MPI comes back when all have made it, or never.
struct Watch {
    since: Mutex<Option<Instant>>,
    seconds: AtomicU64,
}

impl Mpi {
    /// Joins the others; `ended` is told, where this process ends because it hears nothing of them, which it is and for how many
    /// seconds it has waited. None where MPI is in use already.
    pub fn join(seconds: u64, ended: fn(rank: usize, host: &str, seconds: u64)) -> Option<Self> {
        // The thread that trains is not always the first one; there is one at a time.
        let (universe, _) = mpi::initialize_with_threading(Threading::Serialized)?;
        let world = universe.world();
        let [rank, count] = [world.rank(), world.size()].map(|number| usize::try_from(number).unwrap_or_default());
        let watch = Arc::new(Watch { since: Mutex::default(), seconds: seconds.into() });
        let host = processor_name().unwrap_or_else(|_| "an unnamed host".into());
        let (watched, on) = (watch.clone(), host.clone());
        // It ends with the process.
        thread::spawn(move || {
            loop {
                thread::sleep(LOOK);
                let seconds = watched.seconds.load(Ordering::Relaxed);
                let since = *watched.since.lock().unwrap_or_else(PoisonError::into_inner);
                if since.is_some_and(|since| since.elapsed() > Duration::from_secs(seconds)) {
                    ended(rank, &on, seconds);
                    process::exit(1);
                }
            }
        });
        Some(Self { universe: Mutex::new(Some(universe)), host, rank, count, watch })
    }

    fn waiting<T>(&self, call: impl FnOnce() -> T) -> T {
        let since = |since| *self.watch.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
        since(Some(Instant::now()));
        let result = call();
        since(None);
        result
    }
}

impl Transport for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn count(&self) -> usize {
        self.count
    }

    fn host(&self) -> String {
        self.host.clone()
    }

    fn all_gather(&self, own: &[u32], counts: &[usize]) -> Vec<u32> {
        let (counts, places) = places(counts);
        let mut all = vec![0; total(&counts, &places)];
        let mut into = PartitionMut::new(&mut all[..], counts, places);
        self.waiting(|| SimpleCommunicator::world().all_gather_varcount_into(own, &mut into));
        all
    }

    fn all_to_all(&self, own: &[u32], sent: &[usize], received: &[usize]) -> Vec<u32> {
        let ((sent, from), (counts, places)) = (places(sent), places(received));
        let mut all = vec![0; total(&counts, &places)];
        let own = Partition::new(own, sent, from);
        let mut into = PartitionMut::new(&mut all[..], counts, places);
        self.waiting(|| SimpleCommunicator::world().all_to_all_varcount_into(&own, &mut into));
        all
    }

    fn set_timeout(&self, seconds: u64) {
        self.watch.seconds.store(seconds, Ordering::Relaxed);
    }

    fn finish(&self) {
        let universe = self.universe.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.waiting(|| drop(universe));
    }
}

/// How many words, and where they begin.
fn places(counts: &[usize]) -> (Vec<i32>, Vec<i32>) {
    let count = |count: &usize| i32::try_from(*count).expect("MPI counts up to 2^31 - 1");
    let mut end = 0;
    let mut place = |count: &usize| {
        end += count;
        end - count
    };
    let places: Vec<usize> = counts.iter().map(&mut place).collect();
    (counts.iter().map(count).collect(), places.iter().map(count).collect())
}

fn total(counts: &[i32], places: &[i32]) -> usize {
    let last = counts.last().zip(places.last());
    last.map_or(0, |(count, place)| *count as usize + *place as usize)
}
