//! Processes that train together: how they agree, and how they add what each of them has, in an order that does not depend on how
//! many they are.
//!
//! All of them take the same steps. Before each exchange they tell each other in a word whether they go on, so that what fails on
//! one of them ends all of them there, with the reason, and none waits for another that has gone.

#[cfg(feature = "mpi")]
mod mpi;
mod tree;

use std::{
    borrow::Cow,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytemuck::{cast_slice, cast_vec};
use data::Shards;

#[cfg(feature = "mpi")]
pub use self::mpi::Mpi;
use crate::Error;

/// What carries words of 32 bits between the processes. Each call is made by all of them at the same point of their work.
pub trait Transport: Send + Sync {
    /// Which of them this is, from 0.
    fn rank(&self) -> usize;

    fn count(&self) -> usize;

    /// The machine of this one.
    fn host(&self) -> String;

    /// What all have, one after the other; `counts` says how many words each of them has.
    fn all_gather(&self, own: &[u32], counts: &[usize]) -> Vec<u32>;

    /// What all have for this one, one after the other: `sent` and `received` say how many words go to each of them and come from it.
    fn all_to_all(&self, own: &[u32], sent: &[usize], received: &[usize]) -> Vec<u32>;

    /// Ends after so many seconds in which nothing has come from the others.
    fn set_timeout(&self, seconds: u64);

    /// Nothing is exchanged any more; they wait for each other once more.
    fn finish(&self);
}

/// One process, which has everything itself.
struct Alone;

impl Transport for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn count(&self) -> usize {
        1
    }

    fn host(&self) -> String {
        String::new()
    }

    fn all_gather(&self, own: &[u32], _: &[usize]) -> Vec<u32> {
        own.to_vec()
    }

    fn all_to_all(&self, own: &[u32], _: &[usize], _: &[usize]) -> Vec<u32> {
        own.to_vec()
    }

    fn set_timeout(&self, _: u64) {}

    fn finish(&self) {}
}

/// The word of a process that has failed, less the exit code that it asks for.
const FAILED: u32 = u32::MAX;

/// From how many values on each process adds up a part of them for all. Below, the messages that this needs take longer than their
/// bytes: `docs/parallel.md` has the reckoning.
const SCATTERED: usize = 1 << 14;

/// The processes that train together, as one of them sees them.
#[derive(Clone)]
pub struct Ranks {
    transport: Arc<dyn Transport>,
    /// Whether nothing is exchanged any more: all are done, or one of them has failed.
    is_closed: Arc<AtomicBool>,
}

impl Default for Ranks {
    /// One alone.
    fn default() -> Self {
        Self::new(Alone)
    }
}

impl Ranks {
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self { transport: Arc::new(transport), is_closed: Arc::default() }
    }

    pub fn rank(&self) -> usize {
        self.transport.rank()
    }

    pub fn count(&self) -> usize {
        self.transport.count()
    }

    /// The machine of this one.
    pub fn host(&self) -> String {
        self.transport.host()
    }

    /// The one that writes the run folder and talks.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// Ends this process after so many seconds in which nothing has come from the others.
    pub fn set_timeout(&self, seconds: u64) {
        self.transport.set_timeout(seconds);
    }

    /// Nothing is exchanged any more.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// They wait for each other once more.
    pub fn finish(&self) {
        self.close();
        self.transport.finish();
    }

    /// The part that falls to this process, or to another, of so many that follow each other.
    pub fn part_of(&self, rank: usize, all: usize) -> Range<usize> {
        rank * all / self.count()..(rank + 1) * all / self.count()
    }

    pub fn own_part(&self, all: usize) -> Range<usize> {
        self.part_of(self.rank(), all)
    }

    /// The largest word that one of them says.
    ///
    /// # Errors
    /// Where one of them has failed: with its reason.
    pub fn agree(&self, word: u32) -> Result<u32, Error> {
        Ok(self.words(word)?.into_iter().max().unwrap_or(word))
    }

    /// Tells the others that this process has failed, why, and with which exit code all end. They hear it at their next exchange.
    pub fn fail(&self, reason: &str, code: u8) {
        if self.count() > 1 && !self.is_closed.swap(true, Ordering::Relaxed) {
            self.exchange(&[FAILED - u32::from(code)], &vec![1; self.count()]);
            self.texts(reason);
        }
    }

    /// What all have to say, each in its turn.
    ///
    /// # Errors
    /// Where one of them has failed.
    pub fn gather(&self, own: &[u32]) -> Result<Vec<Vec<u32>>, Error> {
        let lengths = self.words(u32::try_from(own.len()).expect("less than 16 GB are told at once"))?;
        let lengths: Vec<usize> = lengths.into_iter().map(|length| length as usize).collect();
        let all = self.exchange(own, &lengths);
        let mut rest = &all[..];
        let mut take = |length| rest.split_off(..length).expect("all have told what they said").to_vec();
        Ok(lengths.into_iter().map(&mut take).collect())
    }

    /// Bytes of the first process, at all of them.
    ///
    /// # Errors
    /// Where one of them has failed.
    pub fn broadcast(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let own = if self.is_first() { packed(bytes) } else { Vec::new() };
        Ok(unpacked(&self.gather(&own)?.swap_remove(0)))
    }

    /// A text of each.
    ///
    /// # Errors
    /// Where one of them has failed.
    pub fn gather_texts(&self, own: &str) -> Result<Vec<String>, Error> {
        let all = self.gather(&packed(own.as_bytes()))?;
        Ok(all.iter().map(|said| String::from_utf8_lossy(&unpacked(said)).into_owned()).collect())
    }

    /// Refuses processes that are not of one kind: `own` has what must be the same, each with its name.
    ///
    /// # Errors
    /// Where one of them has something else than the first: which, where and what.
    pub fn require_same(&self, own: &[(String, String)]) -> Result<(), Error> {
        let values: Vec<&str> = own.iter().map(|(_, value)| value.as_str()).collect();
        let hosts = self.gather_texts(&self.host())?;
        let all = self.gather_texts(&values.join("\u{1f}"))?;
        let all: Vec<Vec<&str>> = all.iter().map(|said| said.split('\u{1f}').collect()).collect();
        for ((rank, said), host) in all.iter().enumerate().zip(hosts) {
            let differs = own.iter().enumerate().find(|(place, _)| said.get(*place) != all[0].get(*place));
            if let Some((place, (name, _))) = differs {
                let [here, there] = [said, &all[0]].map(|said| (*said.get(place).unwrap_or(&"")).to_owned());
                return Err(Error::RankDiffers { rank, host, name: name.clone(), here, there });
            }
        }
        Ok(())
    }

    /// The sum over all shards of a batch of `samples` images, in the order of one tree, at all processes; and the largest word.
    /// `leaf` has the values of one of the own shards, `length` of them, if it has images; it is called in their order.
    ///
    /// # Errors
    /// Where one of them has failed.
    pub fn sum(
        &self,
        shards: Shards,
        (samples, length): (usize, usize),
        word: u32,
        mut leaf: impl FnMut(usize) -> Vec<f32>,
    ) -> Result<(Vec<f32>, u32), Error> {
        let has_images = |node: &Range<usize>| !shards.positions(node, samples).is_empty();
        let nodes = |part: &Range<usize>| -> Vec<Range<usize>> {
            tree::nodes(shards.count(), part).into_iter().filter(has_images).collect()
        };
        let mut of_leaf =
            |node: &Range<usize>| (node.len() == 1).then(|| has_images(node).then(|| Cow::from(leaf(node.start))));
        let own: Vec<Vec<f32>> = nodes(&shards.own())
            .iter()
            .filter_map(|node: &Range<usize>| tree::sum(node.clone(), &mut of_leaf).map(Cow::into_owned))
            .collect();
        let word = self.agree(word)?;
        if self.count() == 1 {
            return Ok((own.into_iter().next().unwrap_or_default(), word));
        }
        let parts = (0..self.count()).map(|rank| self.part_of(rank, shards.count()));
        let nodes: Vec<Vec<Range<usize>>> = parts.map(|part| nodes(&part)).collect();
        let all = 0..shards.count();
        if length < SCATTERED {
            let counts: Vec<usize> = nodes.iter().map(|nodes| nodes.len() * length).collect();
            let gathered = self.exchange(cast_slice(&own.concat()), &counts);
            return Ok((total(&all, &nodes, cast_slice(&gathered), length), word));
        }
        // Each process adds up its part of the values, and tells the others.
        let sums = own.len();
        let widths: Vec<usize> = (0..self.count()).map(|rank| self.part_of(rank, length).len()).collect();
        let for_rank = |rank| own.iter().map(move |values| &values[self.part_of(rank, length)]);
        let sent: Vec<f32> = (0..self.count()).flat_map(for_rank).collect::<Vec<_>>().concat();
        drop(own);
        let width = widths[self.rank()];
        let received: Vec<usize> = nodes.iter().map(|nodes| nodes.len() * width).collect();
        let counts: Vec<usize> = widths.iter().map(|width| width * sums).collect();
        let received = self.transport.all_to_all(cast_slice(&sent), &counts, &received);
        let part = total(&all, &nodes, cast_slice(&received), width);
        Ok((cast_vec(self.exchange(cast_slice(&part), &widths)), word))
    }

    fn exchange(&self, own: &[u32], counts: &[usize]) -> Vec<u32> {
        self.transport.all_gather(own, counts)
    }

    /// A word of each; where it is of one that has failed, all hear why.
    fn words(&self, own: u32) -> Result<Vec<u32>, Error> {
        let words = self.exchange(&[own], &vec![1; self.count()]);
        let failed = words.iter().enumerate().find_map(|(rank, word)| Some((rank, u8::try_from(FAILED - word).ok()?)));
        match failed {
            None => Ok(words),
            Some((rank, code)) => {
                self.close();
                let (host, reason) = self.texts("").swap_remove(rank);
                Err(Error::Rank { rank, host, reason, code })
            }
        }
    }

    /// Host and words of each.
    fn texts(&self, own: &str) -> Vec<(String, String)> {
        let own = packed(format!("{}\n{own}", self.transport.host()).as_bytes());
        let lengths = self.exchange(&[own.len() as u32], &vec![1; self.count()]);
        let lengths: Vec<usize> = lengths.into_iter().map(|length| length as usize).collect();
        let all = self.exchange(&own, &lengths);
        let mut rest = &all[..];
        let mut text = |length| {
            let said = unpacked(rest.split_off(..length).expect("all have told what they said"));
            let said = String::from_utf8_lossy(&said).into_owned();
            said.split_once('\n').map(|(host, text)| (host.to_owned(), text.to_owned())).unwrap_or_default()
        };
        lengths.into_iter().map(&mut text).collect()
    }
}

/// The sum over the tree, of the values that each process has sent for its nodes.
fn total(all: &Range<usize>, nodes: &[Vec<Range<usize>>], sent: &[f32], width: usize) -> Vec<f32> {
    let place = |node: &Range<usize>| nodes.iter().flatten().position(|other| other == node);
    let mut known = |node: &Range<usize>| match place(node) {
        Some(place) => Some(Some(Cow::from(&sent[place * width..][..width]))),
        // A shard that nobody has sent has no images.
        None => (node.len() == 1).then_some(None),
    };
    tree::sum(all.clone(), &mut known).map(Cow::into_owned).unwrap_or_default()
}

/// Bytes in words, after their number.
fn packed(bytes: &[u8]) -> Vec<u32> {
    let word = |chunk: &[u8]| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        u32::from_le_bytes(word)
    };
    let length = u32::try_from(bytes.len()).expect("less than 4 GB are told at once");
    [length].into_iter().chain(bytes.chunks(4).map(word)).collect()
}

fn unpacked(words: &[u32]) -> Vec<u8> {
    let (length, words) = words.split_first().unwrap_or((&0, &[]));
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.truncate(*length as usize);
    bytes
}

#[cfg(test)]
pub(crate) mod testing {
    use std::{
        sync::{Arc, Barrier, Mutex},
        thread,
    };

    use super::{Ranks, Transport};

    /// Threads in the place of processes.
    struct Threads {
        rank: usize,
        barrier: Arc<Barrier>,
        said: Arc<Mutex<Vec<Vec<u32>>>>,
        count: usize,
    }

    impl Threads {
        /// What each has said at this point.
        fn all(&self, own: &[u32]) -> Vec<Vec<u32>> {
            self.said.lock().unwrap()[self.rank] = own.to_vec();
            self.barrier.wait();
            let all = self.said.lock().unwrap().clone();
            self.barrier.wait();
            all
        }
    }

    impl Transport for Threads {
        fn rank(&self) -> usize {
            self.rank
        }

        fn count(&self) -> usize {
            self.count
        }

        fn host(&self) -> String {
            format!("host-{}", self.rank)
        }

        fn all_gather(&self, own: &[u32], counts: &[usize]) -> Vec<u32> {
            let all = self.all(own);
            assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), counts);
            all.concat()
        }

        fn all_to_all(&self, own: &[u32], sent: &[usize], received: &[usize]) -> Vec<u32> {
            assert_eq!(sent.iter().sum::<usize>(), own.len());
            let sent: Vec<u32> = sent.iter().map(|count| *count as u32).collect();
            let (counts, all) = (self.all(&sent), self.all(own));
            let for_this = |(said, counts): (&Vec<u32>, &Vec<u32>)| {
                let before = counts[..self.rank].iter().sum::<u32>() as usize;
                said[before..][..counts[self.rank] as usize].to_vec()
            };
            let all: Vec<Vec<u32>> = all.iter().zip(&counts).map(for_this).collect();
            assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), received);
            all.concat()
        }

        fn set_timeout(&self, _: u64) {}

        fn finish(&self) {}
    }

    /// What so many threads come to that do this together, by rank.
    pub fn together<T: Send>(count: usize, work: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
        let (barrier, said) = (Arc::new(Barrier::new(count)), Arc::new(Mutex::new(vec![Vec::new(); count])));
        thread::scope(|scope| {
            let start = |rank| {
                let ranks = Ranks::new(Threads { rank, barrier: barrier.clone(), said: said.clone(), count });
                scope.spawn(|| work(ranks))
            };
            let threads: Vec<_> = (0..count).map(start).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{testing::together, *};

    /// Values whose sum depends on the order.
    fn value(shard: usize, place: usize) -> f32 {
        let random = (shard * 31 + place * 17 + 7) as f32;
        (random * 12.9898).sin() * 10f32.powi((shard % 5) as i32)
    }

    #[test]
    fn the_sum_has_the_same_bits_whoever_computes_it() {
        // Few values, and so many that each process adds up a part of them; 5 images in 8 shards: three have none.
        for (length, samples) in [(3, 64), (3, 5), (SCATTERED + 1, 64), (SCATTERED + 1, 5)] {
            let sum = |ranks: Ranks| {
                let shards = Shards::new(8, ranks.own_part(8));
                let leaf = |shard| (0..length).map(|place| value(shard, place)).collect();
                let (sum, word) = ranks.sum(shards, (samples, length), ranks.rank() as u32, leaf).unwrap();
                assert_eq!(word as usize, ranks.count() - 1);
                sum.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
            };
            let alone = sum(Ranks::default());
            assert_eq!(alone.len(), length);
            for count in [2, 3, 4, 5, 8] {
                let all = together(count, sum);
                assert!(all.iter().all(|one| *one == alone), "{count} processes, {length} values, {samples} images");
            }
        }
    }

    #[test]
    fn the_sum_of_a_single_process_is_that_of_the_tree() {
        let shards = Shards::new(4, 0..4);
        let values = [1e8, 1.0, -1e8, 1.0];
        let (sum, _) = Ranks::default().sum(shards, (4, 1), 0, |shard| vec![values[shard]]).unwrap();
        assert_eq!(sum, [0.0]);
    }

    #[test]
    fn what_fails_on_one_ends_all_with_its_reason() {
        let said = together(3, |ranks| {
            if ranks.rank() == 1 {
                ranks.fail("the disk is full", 1);
                return String::new();
            }
            let error = ranks.gather(&[1]).unwrap_err();
            // Nothing is exchanged after it: nobody would answer.
            ranks.fail("not told", 1);
            error.to_string()
        });
        assert_eq!(said, ["rank 1 on host-1: the disk is full", "", "rank 1 on host-1: the disk is full"]);
    }

    #[test]
    fn processes_that_differ_are_refused_by_name() {
        let said = together(3, |ranks| {
            let seed = if ranks.rank() == 2 { "5" } else { "4" };
            let own = [("version", "1"), ("`seed`", seed)].map(|(name, value)| (name.to_owned(), value.to_owned()));
            ranks.require_same(&own).unwrap_err().to_string()
        });
        let expected = "rank 2 on host-2 has `seed` 5, and rank 0 4; start all ranks with the same";
        assert_eq!(said, [expected; 3]);
    }

    #[test]
    fn bytes_of_the_first_come_to_all_of_them() {
        for length in [0, 1, 4, 1001] {
            let bytes: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            let all = together(3, |ranks| ranks.broadcast(if ranks.is_first() { &bytes } else { &[] }).unwrap());
            assert!(all.iter().all(|one| *one == bytes), "{length}");
        }
    }
}
