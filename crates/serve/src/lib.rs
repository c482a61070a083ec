//! Trained models and runs over HTTP: a page to draw on, an interface for programs, and pages of runs that move while they train.
//!
//! In: what is known of models, a queue to ask each, who brings their [`Images`], who knows the [`Runs`], and who has the [`Drawings`];
//! out: answers as JSON, and pages. It knows neither Burn nor run folders: whoever has a model answers its [`Ask`]s, by [`answer`].

mod api;
mod connections;
mod drawings;
mod few;
mod guard;
mod images;
mod model;
mod multipart;
mod page;
mod patient;
mod watch;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _, UdpSocket},
    sync::Arc,
};

use axum::{
    Router,
    routing::{get, post},
};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};

use few::Few;
use guard::Guard;

pub use drawings::{Drawings, DrawnSet};
pub use images::{Images, Nearest, OpenImages, Split};
pub use model::{Ask, Facts, Image, ReadImage, Reply, Served, Why, answer};
pub use page::alone;
pub use watch::{Action, Asked, Done, Page, Runs};

/// The port that is taken where it is free and no other is asked for.
pub const PORT: u16 = 8000;
/// How many above it are tried.
const OTHER_PORTS: u16 = 100;

/// Where to listen.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// An address or a name of this machine, for which a token is made that whoever asks has to know; loopback where none is asked for.
    pub host: Option<String>,
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
    /// Where it, or each of those tried, is taken, or the address is not of this machine, or nobody knows the name.
    pub fn bind(Place { host, port }: &Place) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let address = match host {
            None => Ipv4Addr::LOCALHOST.into(),
            Some(host) => resolved(host)?,
        };
        let ports = port.map_or(PORT..=PORT + OTHER_PORTS, |port| port..=port);
        let mut bound = Err(io::ErrorKind::AddrInUse.into());
        for port in ports {
            bound = runtime.block_on(TcpListener::bind(SocketAddr::new(address, port)));
            if !matches!(&bound, Err(cause) if cause.kind() == io::ErrorKind::AddrInUse) {
                break;
            }
        }
        let listener = bound?;
        let guard = Guard::new(listener.local_addr()?, host.as_deref())?;
        Ok(Self { runtime, listener, guard })
    }

    /// What a person opens in a browser for a page, with the token where there is one.
    ///
    /// # Errors
    /// Where the operating system does not say it.
    pub fn address(&self, page: &str) -> io::Result<String> {
        let address = self.listener.local_addr()?;
        let address = SocketAddr::new(reachable(address.ip()), address.port());
        let token = self.guard.token().map_or_else(String::new, |token| format!("?token={token}"));
        Ok(format!("http://{address}/{page}{token}"))
    }

    /// Answers until `stop` is told, or dropped.
    pub fn run(
        self,
        models: Vec<Served>,
        runs: Arc<dyn Runs>,
        drawings: Arc<dyn Drawings>,
        stop: oneshot::Receiver<()>,
    ) {
        let Self { runtime, listener, guard } = self;
        let router = router(models, runs, drawings, guard);
        runtime.block_on(connections::serve(listener, router, stop));
        // What is still computed for somebody has nobody who reads it.
        runtime.shutdown_background();
    }
}

/// The address of a name, or the one that is written; of several one of IPv4, which more programs can ask.
fn resolved(host: &str) -> io::Result<IpAddr> {
    let addresses: Vec<IpAddr> = (host, 0).to_socket_addrs()?.map(|address| address.ip()).collect();
    let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    address.copied().ok_or_else(|| io::Error::other("it has no address"))
}

/// An address by which others reach this machine, in the place of that which stands for all of its own.
fn reachable(address: IpAddr) -> IpAddr {
    // Of documentation (RFC 5737 and 3849): nothing is sent, the system only says where it would send from.
    let (loopback, elsewhere) = match address {
        IpAddr::V4(_) => (Ipv4Addr::LOCALHOST.into(), "192.0.2.1:9"),
        IpAddr::V6(_) => (Ipv6Addr::LOCALHOST.into(), "[2001:db8::1]:9"),
    };
    let from = || {
        let socket = UdpSocket::bind(SocketAddr::new(address, 0))?;
        socket.connect(elsewhere)?;
        socket.local_addr()
    };
    if address.is_unspecified() { from().map_or(loopback, |from| from.ip()) } else { address }
}

fn router(models: Vec<Served>, runs: Arc<dyn Runs>, drawings: Arc<dyn Drawings>, guard: Guard) -> Router {
    let state = Arc::new(api::Api::new(models));
    let runs = Arc::new(watch::Watch::new(runs));
    let drawing = Router::new().route("/", get(page::page)).with_state((state.clone(), runs.clone()));
    let watch = Router::new()
        .route("/runs", get(watch::index))
        .route("/runs/{*name}", get(watch::run))
        .route("/compare", get(watch::compare))
        .route("/api/runs", get(watch::list).post(watch::act))
        .route("/api/configs", get(watch::configs))
        .route("/api/events", get(watch::events))
        .with_state(runs);
    let drawings = Router::new()
        .route("/api/drawings", get(drawings::set).post(drawings::add).delete(drawings::take_back))
        .with_state(Arc::new(Few::new(drawings)));
    Router::new()
        .route("/api/models", get(api::models))
        .route("/api/predict", post(api::predict))
        .route("/api/images", get(images::list))
        .route("/api/image", get(images::image))
        .route("/api/nearest", post(images::nearest))
        .route("/openapi.json", get(api::description))
        .merge(drawing)
        .merge(watch)
        .merge(drawings)
        .fallback(api::not_found)
        .method_not_allowed_fallback(api::wrong_method)
        .with_state(state)
        .layer(axum::middleware::from_fn_with_state(Arc::new(guard), guard::check))
}
