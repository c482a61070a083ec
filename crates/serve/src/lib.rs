//! Trained models over HTTP: a page to draw on, and an interface for programs.
//!
//! In: what is known of models, and a queue to ask each; out: answers as JSON, and a page. It knows neither Burn nor run folders:
//! whoever has a model answers its [`Ask`]s, by [`answer`].

mod api;
mod connections;
mod guard;
mod model;
mod page;
mod patient;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    routing::{get, post},
};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};

use guard::Guard;

pub use model::{Ask, Facts, ReadImage, Reply, Served, Why, answer};
pub use page::alone;

/// The port that is taken where it is free and no other is asked for.
pub const PORT: u16 = 8000;
/// How many above it are tried.
const OTHER_PORTS: u16 = 100;

/// Where to listen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    /// Loopback where none is asked for. With one a token is made, that whoever asks has to know.
    pub host: Option<IpAddr>,
    /// This one and no other.
    pub port: Option<u16>,
}

/// A server that has its port and answers nobody yet.
#[derive(Debug)]
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    guard: Guard,
}

impl Server {
    /// Takes a port.
    ///
    /// # Errors
    /// Where it, or each of those tried, is taken, or the address is not of this machine.
    pub fn bind(Place { host, port }: Place) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let address = host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let ports = port.map_or(PORT..=PORT + OTHER_PORTS, |port| port..=port);
        let mut bound = Err(io::ErrorKind::AddrInUse.into());
        for port in ports {
            bound = runtime.block_on(TcpListener::bind(SocketAddr::new(address, port)));
            if !matches!(&bound, Err(cause) if cause.kind() == io::ErrorKind::AddrInUse) {
                break;
            }
        }
        let listener = bound?;
        let guard = Guard::new(listener.local_addr()?, host.is_some())?;
        Ok(Self { runtime, listener, guard })
    }

    /// What a person opens in a browser, with the token where there is one.
    ///
    /// # Errors
    /// Where the operating system does not say it.
    pub fn address(&self) -> io::Result<String> {
        let address = self.listener.local_addr()?;
        Ok(match self.guard.token() {
            Some(token) => format!("http://{address}/?token={token}"),
            None => format!("http://{address}/"),
        })
    }

    /// Answers until `stop` is told, or dropped.
    pub fn run(self, models: Vec<Served>, stop: oneshot::Receiver<()>) {
        let Self { runtime, listener, guard } = self;
        let router = router(models, guard);
        runtime.block_on(connections::serve(listener, router, stop));
        // What is still computed for somebody has nobody who reads it.
        runtime.shutdown_background();
    }
}

fn router(models: Vec<Served>, guard: Guard) -> Router {
    let state = Arc::new(api::Api::new(models));
    Router::new()
        .route("/", get(page::page))
        .route("/api/models", get(api::models))
        .route("/api/predict", post(api::predict))
        .route("/openapi.json", get(api::description))
        .fallback(api::not_found)
        .method_not_allowed_fallback(api::wrong_method)
        .with_state(state)
        .layer(axum::middleware::from_fn_with_state(Arc::new(guard), guard::check))
}
