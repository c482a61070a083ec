//! Processes that train together: how they agree, and how they add what each of them has, in an order that does not depend on how
//! many they are.
//!
//! All of them take the same steps. Before each exchange they tell each other in a word whether they go on, so that what fails on
//! one of them ends all of them there, with the reason, and none waits for another that has gone.

#[cfg(feature = "mpi")]
mod mpi;
mod tree;

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

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

/// The word of a process that has failed.
const FAILED: u32 = u32::MAX;

/// From how many values on, by more than two processes, each adds up a part of them for all. Below, the messages that this needs
/// take longer than their bytes: `docs/parallel.md` has the reckoning.
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

    /// Nothing is exchanged any more; they wait for each other once more.
    pub fn finish(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
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

    /// Tells the others that this process has failed, and why. They hear it at their next exchange.
    pub fn fail(&self, reason: &str) {
        if self.count() > 1 && !self.is_closed.swap(true, Ordering::Relaxed) {
            self.exchange(&[FAILED], &vec![1; self.count()]);
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
        let mut of_leaf = |node: &Range<usize>| (node.len() == 1).then(|| has_images(node).then(|| leaf(node.start)));
        let own: Vec<Vec<f32>> = nodes(&shards.own())
            .iter()
            .filter_map(|node: &Range<usize>| tree::sum(node.clone(), &mut of_leaf))
            .collect();
        let word = self.agree(word)?;
        if self.count() == 1 {
            return Ok((own.into_iter().next().unwrap_or_default(), word));
        }
        let parts = (0..self.count()).map(|rank| self.part_of(rank, shards.count()));
        let nodes: Vec<Vec<Range<usize>>> = parts.map(|part| nodes(&part)).collect();
        let all = 0..shards.count();
        if self.count() == 2 || length < SCATTERED {
            let counts: Vec<usize> = nodes.iter().map(|nodes| nodes.len() * length).collect();
            let gathered = self.exchange(&words_of(&own.concat()), &counts);
            return Ok((total(&all, &nodes, &gathered, length), word));
        }
        // Each process adds up its part of the values, and tells the others.
        let widths: Vec<usize> = (0..self.count()).map(|rank| self.part_of(rank, length).len()).collect();
        let for_rank = |rank| own.iter().flat_map(move |values| &values[self.part_of(rank, length)]);
        let sent: Vec<f32> = (0..self.count()).flat_map(for_rank).copied().collect();
        let counts: Vec<usize> = widths.iter().map(|width| width * own.len()).collect();
        let width = widths[self.rank()];
        let received: Vec<usize> = nodes.iter().map(|nodes| nodes.len() * width).collect();
        let received = self.transport.all_to_all(&words_of(&sent), &counts, &received);
        let part = total(&all, &nodes, &received, width);
        Ok((values_of(self.exchange(&words_of(&part), &widths)), word))
    }

    fn exchange(&self, own: &[u32], counts: &[usize]) -> Vec<u32> {
        self.transport.all_gather(own, counts)
    }

    /// A word of each; where it is of one that has failed, all hear why.
    fn words(&self, own: u32) -> Result<Vec<u32>, Error> {
        let words = self.exchange(&[own], &vec![1; self.count()]);
        match words.iter().position(|word| *word == FAILED) {
            None => Ok(words),
            Some(rank) => {
                self.is_closed.store(true, Ordering::Relaxed);
                let (host, reason) = self.texts("").swap_remove(rank);
                Err(Error::Rank { rank, host, reason })
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
fn total(all: &Range<usize>, nodes: &[Vec<Range<usize>>], sent: &[u32], width: usize) -> Vec<f32> {
    let place = |node: &Range<usize>| nodes.iter().flatten().position(|other| other == node);
    let values = |place: usize| sent[place * width..][..width].iter().map(|word| f32::from_bits(*word)).collect();
    let mut known = |node: &Range<usize>| match place(node) {
        Some(place) => Some(Some(values(place))),
        // A shard that nobody has sent has no images.
        None => (node.len() == 1).then_some(None),
    };
    tree::sum(all.clone(), &mut known).unwrap_or_default()
}

fn words_of(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn values_of(words: Vec<u32>) -> Vec<f32> {
    words.into_iter().map(f32::from_bits).collect()
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
