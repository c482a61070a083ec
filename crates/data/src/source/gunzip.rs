//! A gzip stream as `gzip` and `tar` take it: members one after the other, and zeros behind the last, as tapes and block
//! devices pad it.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// Inflates all members of a stream.
pub(crate) struct Gunzip<R> {
    /// The member that is being read; none at the end of the stream.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Gunzip<R> {
    pub fn new(stream: R) -> Self {
        Self { member: Some(GzDecoder::new(stream)) }
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.member = self.member.take().map(GzDecoder::into_inner).map(next).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The member that follows; none where the stream is over.
fn next<R: BufRead>(mut stream: R) -> io::Result<Option<GzDecoder<R>>> {
    if stream.fill_buf()?.first().is_some_and(|byte| *byte != 0) {
        return Ok(Some(GzDecoder::new(stream)));
    }
    loop {
        let rest = stream.fill_buf()?;
        if rest.is_empty() {
            return Ok(None);
        }
        if rest.iter().any(|byte| *byte != 0) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "other bytes follow the gzip stream"));
        }
        let length = rest.len();
        stream.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Read through a buffer of seven bytes, so that members and padding lie across its ends.
    fn inflated(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        Gunzip::new(io::BufReader::with_capacity(7, bytes)).read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn members_follow_each_other_and_zeros_the_last() {
        let two = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(inflated(&two).unwrap(), b"one two");
        assert_eq!(inflated(&[two, vec![0; 10_000]].concat()).unwrap(), b"one two");
        assert_eq!(inflated(&gzip(b"")).unwrap(), b"");
    }

    #[test]
    fn other_bytes_behind_it_and_a_cut_are_refused() {
        let one = gzip(b"one");
        for behind in [&b"x"[..], b"\0\0x", &[&[0; 100][..], &one].concat()] {
            assert!(inflated(&[&one[..], behind].concat()).is_err(), "{behind:?}");
        }
        (0..one.len()).for_each(|cut| assert!(inflated(&one[..cut]).is_err(), "{cut}"));
    }
}
