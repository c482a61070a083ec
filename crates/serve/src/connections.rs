//! Connections: so many at a time, and none that only waits.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, oneshot},
    time::sleep,
};

use crate::patient::Patient;

/// Connections at a time; others wait until one of them ends. Below the 1,024 files that a process may have open.
const MOST: usize = 512;
/// How long a connection may wait for the whole head of its next request.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest head of a request, in bytes.
const MOST_HEAD: usize = 16 << 10;

pub(crate) async fn serve(listener: TcpListener, router: Router, mut stop: oneshot::Receiver<()>) {
    let free = Arc::new(Semaphore::new(MOST));
    loop {
        let accepted = async {
            let place = free.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            _ = &mut stop => return,
            accepted = accepted => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Of this process too many files are open, or of this connection nothing is left: the next may be better.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        // An answer is one small write.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let mut connection = http1::Builder::new();
            connection.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(MOST_HEAD);
            // What a client does to its connection is its own business.
            let _ = connection.serve_connection(TokioIo::new(Patient::new(stream)), service).await;
            drop(place);
        });
    }
}
