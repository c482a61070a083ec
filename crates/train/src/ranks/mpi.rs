//! The processes that `mpirun` or `srun` has started, by the MPI library that the program was built with.

use std::{
    process,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use mpi::{
    Threading,
    datatype::{Partition, PartitionMut},
    environment::{Universe, library_version, processor_name},
    topology::SimpleCommunicator,
    traits::{Communicator as _, CommunicatorCollectives as _},
};

use super::Transport;

/// How often it is looked whether the others are heard of.
const LOOK: Duration = Duration::from_millis(100);

/// Seconds that the others wait at least for the first when all is computed.
const AT_THE_END: u64 = 600;

/// All processes of this start.
pub struct Mpi {
    /// Until the end of the exchange.
    universe: Mutex<Option<Universe>>,
    host: String,
    rank: usize,
    count: usize,
    watch: Arc<Watch>,
}

/// Whether this process waits for the others, and how long it may. A call of MPI comes back when all have made it, or never.
struct Watch {
    /// The number of the call that it waits in, from 1; 0 where it waits in none.
    call: AtomicU64,
    calls: AtomicU64,
    seconds: AtomicU64,
    /// Rank and host, once they are known.
    who: OnceLock<(usize, String)>,
}

impl Watch {
    fn waiting<T>(&self, call: impl FnOnce() -> T) -> T {
        self.call.store(self.calls.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        let result = call();
        self.call.store(0, Ordering::Relaxed);
        result
    }

    /// Ends this process where a call takes too long. What counts is the time in which this process ran: one that was suspended, and
    /// all others with it, has missed nothing.
    fn keep(&self, ended: Ended) {
        let (mut call, mut waited, mut last) = (0, Duration::ZERO, Instant::now());
        loop {
            thread::sleep(LOOK);
            let (now, since) = (self.call.load(Ordering::Relaxed), last.elapsed());
            last = Instant::now();
            waited = if now == 0 || now != call { Duration::ZERO } else { waited + since.min(3 * LOOK) };
            call = now;
            let seconds = self.seconds.load(Ordering::Relaxed);
            if waited > Duration::from_secs(seconds) {
                ended(self.who.get().map(|(rank, host)| (*rank, host.as_str())), seconds);
                process::exit(1);
            }
        }
    }
}

/// Is told, where this process ends because it hears nothing of the others, its rank and host, and for how many seconds it has waited.
type Ended = fn(who: Option<(usize, &str)>, seconds: u64);

impl Mpi {
    /// Whether the library is MPICH, or made of it.
    pub fn is_mpich() -> bool {
        library_version().is_ok_and(|version| version.contains("MPICH"))
    }

    /// Joins the others; this process ends, and `ended` is told, where it hears nothing of them for so many seconds. None where MPI is in
    /// use already.
    pub fn join(seconds: u64, ended: Ended) -> Option<Self> {
        let watch = Watch { call: 0.into(), calls: 0.into(), seconds: seconds.into(), who: OnceLock::new() };
        let watch = Arc::new(watch);
        let watched = watch.clone();
        // It ends with the process.
        thread::spawn(move || watched.keep(ended));
        // The thread that trains is not always the first one; there is one at a time.
        let (universe, _) = watch.waiting(|| mpi::initialize_with_threading(Threading::Serialized))?;
        let world = universe.world();
        let [rank, count] = [world.rank(), world.size()].map(|number| usize::try_from(number).unwrap_or_default());
        let host = processor_name().unwrap_or_else(|_| "an unnamed host".into());
        let host = watch.who.get_or_init(|| (rank, host)).1.clone();
        Some(Self { universe: Mutex::new(Some(universe)), host, rank, count, watch })
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
        self.watch.waiting(|| SimpleCommunicator::world().all_gather_varcount_into(own, &mut into));
        all
    }

    fn all_to_all(&self, own: &[u32], sent: &[usize], received: &[usize]) -> Vec<u32> {
        let ((sent, from), (counts, places)) = (places(sent), places(received));
        let mut all = vec![0; total(&counts, &places)];
        let own = Partition::new(own, sent, from);
        let mut into = PartitionMut::new(&mut all[..], counts, places);
        self.watch.waiting(|| SimpleCommunicator::world().all_to_all_varcount_into(&own, &mut into));
        all
    }

    fn set_timeout(&self, seconds: u64) {
        self.watch.seconds.store(seconds, Ordering::Relaxed);
    }

    fn finish(&self) {
        let universe = self.universe.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The first may have pages to write until then, on which nobody computes.
        self.watch.seconds.fetch_max(AT_THE_END, Ordering::Relaxed);
        self.watch.waiting(|| drop(universe));
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
