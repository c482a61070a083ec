//! A server on a local socket that serves one file well or badly, one answer per connection.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// How to answer one connection. The last answer is repeated.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The whole file, or the range asked for.
    Well,
    /// The whole file whatever was asked for.
    NoRange,
    /// All headers, then the connection is closed after so many bytes of the body.
    Truncate(usize),
    /// The connection is reset after so many bytes of the body.
    Reset(usize),
    /// So many bytes of the body, and then nothing for a second.
    Stall(usize),
    /// The right length with one byte altered.
    Corrupt,
    /// A status line without a body.
    Status(&'static str),
    /// Another, shorter file.
    Shorter,
    /// More bytes than the file has, of no stated length.
    Endless,
    /// Nothing at all for a second.
    Silent,
}

pub(crate) struct Server {
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start(file: Vec<u8>, answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mnist_sample.tgz", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answers, seen) = (answers.to_vec(), requests.clone());
        thread::spawn(move || {
            for (index, connection) in listener.incoming().enumerate() {
                let answer = answers[index.min(answers.len() - 1)].clone();
                let (file, seen) = (file.clone(), seen.clone());
                // A client that has gone is what several tests are about.
                thread::spawn(move || serve(connection.unwrap(), &file, answer, &seen).unwrap_or(()));
            }
        });
        Self { url, requests }
    }

    /// The heads of all requests so far, in lower case.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, file: &[u8], answer: Answer, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    // Closing a connection with unread input, here the last byte of the head, makes the system send a reset.
    let end: &[u8] = if matches!(answer, Answer::Reset(_)) { b"\r\n\r" } else { b"\r\n\r\n" };
    let mut head = read_head(&mut stream, end)?;
    if head.starts_with("connect ") {
        // As a proxy: this server is every server.
        seen.lock().unwrap().push(head);
        stream.write_all(b"HTTP/1.1 200 ok\r\n\r\n")?;
        head = read_head(&mut stream, end)?;
    }
    let from = head.split("range: bytes=").nth(1).and_then(|rest| rest.split('-').next()?.parse().ok());
    seen.lock().unwrap().push(head);
    let from: usize = from.filter(|_| !matches!(answer, Answer::NoRange)).unwrap_or(0);
    let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
    let range = format!("content-range: bytes {from}-{}/{}\r\n", file.len() - 1, file.len());
    let start = |length: usize| {
        let mut stream = stream.try_clone()?;
        stream.write_all(format!("HTTP/1.1 {status}\r\n{range}content-length: {length}\r\n\r\n").as_bytes())?;
        Ok::<_, std::io::Error>(stream)
    };
    let body = &file[from..];
    let part = |bytes: usize| &body[..bytes.min(body.len())];
    match answer {
        Answer::Well | Answer::NoRange => start(body.len())?.write_all(body),
        Answer::Truncate(bytes) => start(body.len())?.write_all(part(bytes)),
        Answer::Reset(bytes) => {
            start(body.len())?.write_all(part(bytes))?;
            thread::sleep(Duration::from_millis(50));
            Ok(())
        }
        Answer::Stall(bytes) => {
            start(body.len())?.write_all(part(bytes))?;
            thread::sleep(Duration::from_secs(1));
            Ok(())
        }
        Answer::Corrupt => {
            let mut altered = body.to_vec();
            altered[body.len() / 2] ^= 1;
            start(body.len())?.write_all(&altered)
        }
        Answer::Status(status) => {
            stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes())
        }
        Answer::Shorter => start(7)?.write_all(&body[..7]),
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
            (0..100).try_for_each(|_| stream.write_all(body))
        }
        Answer::Silent => {
            thread::sleep(Duration::from_secs(1));
            Ok(())
        }
    }
}

fn read_head(stream: &mut TcpStream, end: &[u8]) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(end) {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).to_lowercase())
}
