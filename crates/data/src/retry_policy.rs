//! How long a download, and the lock of a cache file, are waited for.

use std::time::Duration;

use crate::Source;

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    /// From the request to the response: name, connection, TLS and headers.
    pub response: Duration,
    /// Without a single byte, within a response.
    pub stall: Duration,
    /// Failures in a row without a new byte.
    pub attempts: u32,
    /// The same, as long as nothing ever answered.
    pub attempts_unanswered: u32,
    /// Before the second attempt; doubles with each further one.
    pub back_off: Duration,
    /// Until the first response of any kind, over all attempts.
    pub decide: Duration,
    /// For another process that holds the lock.
    pub lock: Duration,
}

impl RetryPolicy {
    /// `auto` decides within 10 s whether there is a network; whoever asks for the download waits longer.
    pub fn of(source: &Source) -> Self {
        let (response, decide, attempts_unanswered) = match source {
            Source::Auto => (4, 8, 2),
            _ => (20, 60, 4),
        };
        Self {
            response: Duration::from_secs(response),
            stall: Duration::from_secs(10),
            attempts: 4,
            attempts_unanswered,
            back_off: Duration::from_millis(500),
            decide: Duration::from_secs(decide),
            lock: Duration::from_secs(120),
        }
    }
}
