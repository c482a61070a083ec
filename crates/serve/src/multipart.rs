//! Several files in a body, as a form or `curl -F` sends them (RFC 7578).

use axum::body::Bytes;
use memchr::memmem::find;

/// The boundary among the parameters of a content type.
pub(crate) fn boundary(parameters: &str) -> Option<&str> {
    let named = parameters.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let (_, boundary) = named.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("boundary"))?;
    Some(boundary.trim_matches('"')).filter(|boundary| (1..=70).contains(&boundary.len()))
}

/// What stands in the parts (RFC 2046, 5.1.1), of the first `most`; none where the body does not end as such a one does.
pub(crate) fn parts(body: &Bytes, boundary: &str, most: usize) -> Option<Vec<Bytes>> {
    let delimiter = format!("\r\n--{boundary}");
    let delimiter = delimiter.as_bytes();
    // The first may stand at the beginning, where no line ends before it.
    let mut at =
        if body.starts_with(&delimiter[2..]) { delimiter.len() - 2 } else { find(body, delimiter)? + delimiter.len() };
    let mut parts = Vec::new();
    while parts.len() < most && !body[at..].starts_with(b"--") {
        let begin = at + find(&body[at..], b"\r\n\r\n")? + 4;
        let end = begin + find(&body[begin..], delimiter)?;
        parts.push(body.slice(begin..end));
        at = end + delimiter.len();
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_between_boundaries_whatever_they_hold() {
        let form = |text: &'static str| parts(&Bytes::from(text), "x y", 3);
        let first = "--x y\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n";
        let whole = format!("{first}a\r\n--x\r\n\r\n--x y\r\n\r\n\r\n--x y--\r\nafter");
        let expected = [Bytes::from("a\r\n--x\r\n"), Bytes::new()];
        assert_eq!(parts(&Bytes::from(whole.clone()), "x y", 3).unwrap(), expected);
        assert_eq!(parts(&Bytes::from(format!("before\r\n{whole}")), "x y", 3).unwrap(), expected);
        assert_eq!(parts(&Bytes::from(whole.clone()), "x y", 1).unwrap(), expected[..1]);
        // Cut anywhere it is none.
        let end = whole.find("--x y--").unwrap();
        for length in 0..end + 7 {
            assert_eq!(parts(&Bytes::from(whole[..length].to_owned()), "x y", 3), None, "{:?}", &whole[..length]);
        }
        assert_eq!(form("--x y--"), Some(vec![]));
        assert_eq!(form("--other--"), None);
    }

    #[test]
    fn a_boundary_is_named_with_quotes_or_without() {
        assert_eq!(boundary(" boundary=------abc"), Some("------abc"));
        assert_eq!(boundary(" charset=utf-8; Boundary=\"a b\""), Some("a b"));
        for none in ["", " boundary=", " bound=a", "boundary=\"\""] {
            assert_eq!(boundary(none), None, "{none}");
        }
    }
}
