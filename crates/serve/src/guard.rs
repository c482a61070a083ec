//! Who may ask: on loopback this machine's own pages and programs; where an address was asked for, who knows the token.

use std::{
    fmt::Write as _,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use tokio::time::timeout;

use crate::api::refused;

/// Seconds in which a request has to have come and been answered.
const PATIENCE: Duration = Duration::from_secs(30);

/// Nothing from elsewhere, and no page of others around this one.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data: blob:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The name of the cookie that keeps the token; of the port, as cookies are of a host and all its ports.
fn cookie_name(port: u16) -> String {
    format!("train-token-{port}")
}

#[derive(Debug)]
pub(crate) struct Guard {
    port: u16,
    is_loopback: bool,
    /// By which this machine's own pages and programs ask on loopback.
    names: Vec<String>,
    /// 128 random bits, where an address was asked for: others than this machine's user may ask.
    token: Option<String>,
}

impl Guard {
    /// That of an address, and of the name that it was asked for by.
    pub fn new(address: SocketAddr, name: Option<&str>) -> io::Result<Self> {
        let token = || {
            let mut bits = [0; 16];
            getrandom::fill(&mut bits).map_err(io::Error::other)?;
            Ok::<_, io::Error>(bits.iter().fold(String::new(), |mut token, byte| {
                // Writing into a string does not fail.
                let _ = write!(token, "{byte:02x}");
                token
            }))
        };
        let own = match address.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let names = ["127.0.0.1", "localhost", "[::1]", &own].into_iter().chain(name);
        let is_loopback = address.ip().is_loopback();
        let names = names.map(str::to_ascii_lowercase).collect();
        let token = if name.is_none() && is_loopback { None } else { Some(token()?) };
        Ok(Self { port: address.port(), is_loopback, names, token })
    }

    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Why these are not answered.
    fn refusal(&self, uri: &Uri, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
        let Some(host) = text(headers, header::HOST) else {
            return Some((StatusCode::BAD_REQUEST, "the request names no host"));
        };
        // A name of others that leads to this machine (DNS rebinding) is not answered. Elsewhere than on loopback, where not all names
        // are known, the token keeps it out: the cookie is of the host that was typed.
        if self.is_loopback && !self.is_own(host) {
            return Some((StatusCode::FORBIDDEN, "this server answers to localhost alone"));
        }
        if text(headers, header::ORIGIN).is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
            return Some((StatusCode::FORBIDDEN, "another site's page asks"));
        }
        match &self.token {
            Some(token) if !self.is_known(token, uri, headers) => Some((
                StatusCode::UNAUTHORIZED,
                "the token is missing or wrong: open the address that `train serve` printed",
            )),
            _ => None,
        }
    }

    fn is_own(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            _ => (host, Some(80)),
        };
        port == Some(self.port) && self.names.contains(&name.to_ascii_lowercase())
    }

    fn is_known(&self, token: &str, uri: &Uri, headers: &HeaderMap) -> bool {
        // The scheme's name is of any case (RFC 9110, 11.1).
        let bearer = text(headers, header::AUTHORIZATION)
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, given)| given);
        let name = cookie_name(self.port);
        let cookies = text(headers, header::COOKIE).unwrap_or_default().split("; ");
        let cookie = cookies.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
        [of_query(uri), bearer, cookie.map(|(_, value)| value)].into_iter().flatten().any(|given| is_same(given, token))
    }
}

/// The token in an address.
fn of_query(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// In a time that does not tell how much of it is right.
fn is_same(given: &str, token: &str) -> bool {
    let differences = given.bytes().zip(token.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == token.len() && differences == 0
}

pub(crate) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.refusal(request.uri(), request.headers()) {
        Some((status, reason)) => refused(status, reason),
        None => {
            let is_typed = guard.token.is_some() && of_query(request.uri()).is_some();
            let answered = timeout(PATIENCE, next.run(request)).await;
            let mut response =
                answered.unwrap_or_else(|_| refused(StatusCode::REQUEST_TIMEOUT, "the request took too long"));
            if let (true, Some(token)) = (is_typed, &guard.token) {
                let cookie = format!("{}={token}; HttpOnly; SameSite=Strict; Path=/", cookie_name(guard.port));
                if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                    response.headers_mut().insert(header::SET_COOKIE, cookie);
                }
            }
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(guard: &Guard, uri: &str, headers: &[(header::HeaderName, &str)]) -> Option<u16> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        guard.refusal(&uri.parse().unwrap(), &headers.collect()).map(|(status, _)| status.as_u16())
    }

    #[test]
    fn on_loopback_only_its_own_names_and_pages_are_answered() {
        let guard = Guard::new(([127, 0, 0, 1], 8000).into(), None).unwrap();
        for host in ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"] {
            assert_eq!(asked(&guard, "/", &[(header::HOST, host)]), None, "{host}");
            let own = format!("http://{host}");
            assert_eq!(asked(&guard, "/", &[(header::HOST, host), (header::ORIGIN, &own)]), None);
        }
        for host in ["evil.example:8000", "localhost:8001", "localhost", "localhost.evil.example:8000", "[::1]", ""] {
            assert_eq!(asked(&guard, "/", &[(header::HOST, host)]), Some(403), "{host}");
        }
        assert_eq!(asked(&guard, "/", &[]), Some(400));
        for origin in ["http://evil.example", "null", "https://localhost:8000", "http://localhost:8001"] {
            let headers = [(header::HOST, "localhost:8000"), (header::ORIGIN, origin)];
            assert_eq!(asked(&guard, "/api/predict", &headers), Some(403), "{origin}");
        }
    }

    #[test]
    fn a_name_that_leads_to_loopback_is_its_own_too_and_asks_for_the_token() {
        let guard = Guard::new(([127, 0, 1, 1], 8000).into(), Some("Desk")).unwrap();
        let known = format!("/?token={}", guard.token().unwrap());
        for host in ["desk:8000", "Desk:8000", "127.0.1.1:8000", "localhost:8000"] {
            assert_eq!(asked(&guard, &known, &[(header::HOST, host)]), None, "{host}");
            assert_eq!(asked(&guard, "/", &[(header::HOST, host)]), Some(401), "{host}");
        }
        for host in ["desk.evil.example:8000", "127.0.1.2:8000", "desk"] {
            assert_eq!(asked(&guard, &known, &[(header::HOST, host)]), Some(403), "{host}");
        }
        assert!(Guard::new(([192, 0, 2, 1], 8000).into(), Some("desk")).unwrap().token().is_some());
    }

    #[test]
    fn elsewhere_the_token_is_asked_for_in_the_address_a_header_or_the_cookie() {
        let guard = Guard::new(([0, 0, 0, 0], 8000).into(), Some("0.0.0.0")).unwrap();
        let token = guard.token().unwrap();
        assert_eq!(token.len(), 32);
        let host = (header::HOST, "10.1.2.3:8000");
        assert_eq!(asked(&guard, &format!("/?token={token}"), std::slice::from_ref(&host)), None);
        assert_eq!(asked(&guard, "/", &[host.clone(), (header::AUTHORIZATION, &format!("Bearer {token}"))]), None);
        assert_eq!(asked(&guard, "/", &[host.clone(), (header::AUTHORIZATION, &format!("bearer {token}"))]), None);
        assert_eq!(asked(&guard, "/", &[host.clone(), (header::AUTHORIZATION, &format!("Basic {token}"))]), Some(401));
        let cookies = format!("other=1; train-token-8000={token}");
        assert_eq!(asked(&guard, "/", &[host.clone(), (header::COOKIE, &cookies)]), None);
        let wrong = "0".repeat(32);
        for uri in ["/".to_owned(), "/?token=".into(), format!("/?token={wrong}"), format!("/?token={token}0")] {
            assert_eq!(asked(&guard, &uri, std::slice::from_ref(&host)), Some(401), "{uri}");
        }
    }
}
