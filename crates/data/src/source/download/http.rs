//! One request and its response.

use std::{
    io::{ErrorKind, Read},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use ureq::{
    Agent, Body,
    http::Response,
    tls::{RootCerts, TlsConfig},
};

use crate::{Event, Remote, cache::Loading, retry_policy::RetryPolicy, source::download::partial::Partial};

/// Why an attempt ended.
pub(crate) enum Failure {
    /// Trying again may help.
    Passing(String),
    /// Trying again will not help.
    Lasting(String),
    /// The user wants it to end.
    Cancelled,
}

const POLL: Duration = Duration::from_millis(50);

/// An HTTP client that honours the proxy variables and trusts what the system trusts.
pub(crate) struct Client {
    policy: RetryPolicy,
    roots: RootCerts,
    /// Whether any response came: there is a network.
    pub has_answered: bool,
}

impl Client {
    pub fn new(policy: RetryPolicy) -> Self {
        Self { policy, roots: RootCerts::PlatformVerifier, has_answered: false }
    }

    /// Asks for what is missing and appends what comes, until all of it is there.
    pub fn receive(
        &mut self,
        partial: &mut Partial,
        remote: &Remote,
        policy: Duration,
        loading: &mut Loading<'_>,
    ) -> Result<(), Failure> {
        let response = self.request(&remote.url, partial.len(), policy, loading)?;
        self.has_answered = true;
        check(&response, partial, remote)?;
        let mut body = response.into_body().into_reader();
        let mut block = vec![0; 1 << 14];
        loop {
            (loading.on_event)(Event::Downloading { done: partial.len(), total: remote.size });
            if loading.request.cancelled() {
                return Err(Failure::Cancelled);
            }
            let here = format!("after {} of {} bytes", partial.len(), remote.size);
            match body.read(&mut block) {
                Err(error) => return Err(Failure::Passing(format!("{error} {here}"))),
                Ok(0) if partial.len() == remote.size => return Ok(()),
                Ok(0) => return Err(Failure::Passing(format!("the connection ended {here}"))),
                Ok(read) if partial.len() + read as u64 > remote.size => {
                    partial.restart();
                    return Err(Failure::Lasting(format!("the server sends more than {} bytes", remote.size)));
                }
                Ok(read) => partial.append(&block[..read]),
            }
        }
    }

    /// The response, or a failure when it takes longer than `policy`.
    ///
    /// The request runs on a thread of its own, because name resolution and TLS have waits that no timeout of the
    /// client bounds together. A thread that is left behind ends with its own timeouts.
    fn request(
        &mut self,
        url: &str,
        from: u64,
        policy: Duration,
        loading: &Loading<'_>,
    ) -> Result<Response<Body>, Failure> {
        let (sender, receiver) = mpsc::channel();
        let (agent, url) = (self.agent(), url.to_string());
        thread::spawn(move || {
            let request = agent.get(&url);
            let request = if from > 0 { request.header("range", format!("bytes={from}-")) } else { request };
            // Nobody listens any more when the policy is over.
            let _ = sender.send(request.call());
        });
        let until = Instant::now() + policy;
        loop {
            match receiver.recv_timeout(POLL.min(policy)) {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => return Err(self.failure(&error)),
                Err(RecvTimeoutError::Disconnected) => return Err(Failure::Lasting("the request was lost".into())),
                Err(RecvTimeoutError::Timeout) if loading.request.cancelled() => return Err(Failure::Cancelled),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= until => {
                    let seconds = policy.as_secs_f32();
                    return Err(Failure::Passing(format!("no answer within {seconds:.1} s")));
                }
                Err(RecvTimeoutError::Timeout) => (),
            }
        }
    }

    fn agent(&self) -> Agent {
        let RetryPolicy { response, stall, .. } = self.policy;
        Agent::config_builder()
            .http_status_as_error(false)
            .timeout_resolve(Some(response))
            .timeout_connect(Some(response))
            .timeout_recv_response(Some(response))
            .timeout_per_read(Some(stall))
            .tls_config(TlsConfig::builder().root_certs(self.roots.clone()).build())
            .user_agent(concat!("mnist-train/", env!("CARGO_PKG_VERSION")))
            .build()
            .into()
    }

    fn failure(&mut self, error: &ureq::Error) -> Failure {
        let reason = error.to_string().replace('\n', " ");
        match error {
            ureq::Error::Rustls(_) if reason.contains("No CA certificates") => {
                // A bare container: go on with Mozilla's, which are compiled in.
                self.roots = RootCerts::WebPki;
                Failure::Passing(reason)
            }
            // TLS: a certificate that is not trusted, or a portal that speaks something else.
            ureq::Error::Io(error) if error.kind() == ErrorKind::InvalidData => Failure::Lasting(reason),
            ureq::Error::Io(_) | ureq::Error::Timeout(_) | ureq::Error::ConnectionFailed | ureq::Error::Protocol(_) => {
                Failure::Passing(reason)
            }
            _ => Failure::Lasting(reason),
        }
    }
}

/// Whether the body of this response is what is missing; otherwise the download starts anew or is over.
fn check(response: &Response<Body>, partial: &mut Partial, remote: &Remote) -> Result<(), Failure> {
    let status = response.status();
    let again = |reason: String| Err(Failure::Passing(reason));
    match status.as_u16() {
        206 => {
            let expected = format!("bytes {}-{}/{}", partial.len(), remote.size - 1, remote.size);
            let range = response.headers().get("content-range").and_then(|range| range.to_str().ok());
            if range == Some(expected.as_str()) {
                return Ok(());
            }
            let reason = format!("the server sent `{}`, expected `{expected}`", range.unwrap_or("no range"));
            partial.restart();
            again(reason)
        }
        200 => {
            partial.restart();
            match response.body().content_length() {
                Some(length) if length != remote.size => Err(Failure::Lasting(format!(
                    "the server has {length} bytes, expected {}: another file, or a proxy that answers in its place",
                    remote.size
                ))),
                _ => Ok(()),
            }
        }
        416 => {
            partial.restart();
            again("the server cannot resume".into())
        }
        408 | 429 | 500..=599 => again(format!("the server answers {status}")),
        _ => Err(Failure::Lasting(format!("the server answers {status}"))),
    }
}
