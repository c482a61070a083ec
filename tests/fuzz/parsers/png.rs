//! PNG files: chunks with right checksums and odd content.

use proptest::{collection::vec, prelude::*};

use super::Parser;
use crate::strategies::{edited, edits, few, odd_u32};

pub struct Png;

/// Sides that `predict` takes at most are larger; what they cost grows evenly.
pub const SIDE: usize = 1024;

impl Parser for Png {
    fn inputs(&self) -> BoxedStrategy<Vec<u8>> {
        inputs()
    }

    fn read(&mut self, bytes: &[u8]) -> bool {
        let decoded = data::decode_image(bytes, SIDE);
        if let Ok(image) = &decoded {
            assert_eq!(image.pixels.len(), image.shape.len());
        }
        decoded.map_err(|error| error.to_string()).is_ok()
    }
}

/// Whole files, now and then with some bytes changed.
pub fn inputs() -> BoxedStrategy<Vec<u8>> {
    let whole =
        (header(), vec(chunk(), 0..4), prop_oneof![3 => Just(true), 1 => Just(false)], picture(), vec(chunk(), 0..2));
    let whole =
        whole.prop_map(|(header, before, is_plain, picture, after)| file(&header, &before, is_plain, &picture, &after));
    (whole, edits(WORDS, 2), 0u8..6)
        .prop_map(|(file, edits, rare)| if rare == 0 { edited(file, &edits) } else { file })
        .boxed()
}

const WORDS: &[&[u8]] =
    &[b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"\0\0\0\0", b"\xff\xff\xff\xff"];
const CHUNKS: [&[u8; 4]; 22] = [
    b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"hIST", b"pHYs", b"sPLT", b"tIME",
    b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"IDAT", b"IHDR", b"cICP",
];

/// Sides, depth, colour type, compression, filter and interlace: mostly such as there are.
struct Header([u32; 2], [u8; 5]);

impl std::fmt::Debug for Header {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.0, self.1)
    }
}

fn header() -> impl Strategy<Value = Header> {
    let side = || prop_oneof![12 => 1u32..20, 1 => odd_u32()];
    let pairs = [
        (0u8, 1u8),
        (0, 2),
        (0, 4),
        (0, 8),
        (0, 16),
        (2, 8),
        (2, 16),
        (3, 1),
        (3, 2),
        (3, 4),
        (3, 8),
        (4, 8),
        (4, 16),
        (6, 8),
        (6, 16),
    ];
    let pair = prop_oneof![10 => prop::sample::select(pairs.to_vec()), 1 => any::<(u8, u8)>()];
    let rarely = |usual: BoxedStrategy<u8>| prop_oneof![20 => usual, 1 => any::<u8>()];
    let (method, interlace) = (|| rarely(Just(0u8).boxed()), rarely((0u8..2).boxed()));
    ([side(), side()], pair, method(), method(), interlace).prop_map(
        |(sides, (colour, depth), compression, filter, interlace)| {
            Header(sides, [depth, colour, compression, filter, interlace])
        },
    )
}

fn chunk() -> impl Strategy<Value = ([u8; 4], Vec<u8>)> {
    let kind = prop_oneof![12 => prop::sample::select(CHUNKS.to_vec()).prop_map(|kind| *kind), 1 => any::<[u8; 4]>()];
    // A profile or a text that is compressed has its name before it.
    let packed = few(40).prop_map(|bytes| [&b"x\0\0"[..], &zlib(&bytes)].concat());
    let data = prop_oneof![6 => few(30), 1 => Just(b"\0\0\0\x01\0\0\0\0".to_vec()), 1 => packed];
    (kind, data)
}

/// Rows that fit the header: how many bytes more or less, what they hold, in how many chunks.
fn picture() -> impl Strategy<Value = (i32, u8, Vec<u8>, usize)> {
    (prop_oneof![6 => Just(0), 1 => -40i32..40], 0u8..6, few(24), 1usize..4)
}

fn file(
    header: &Header,
    before: &[([u8; 4], Vec<u8>)],
    is_plain: bool,
    picture: &(i32, u8, Vec<u8>, usize),
    after: &[([u8; 4], Vec<u8>)],
) -> Vec<u8> {
    let Header([width, height], rest) = header;
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    add(&mut bytes, *b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), rest].concat());
    if is_plain && rest[1] == 3 {
        add(&mut bytes, *b"PLTE", &[0, 128, 255].repeat(1 << rest[0].min(4)));
    }
    if !is_plain {
        before.iter().for_each(|(kind, data)| add(&mut bytes, *kind, data));
    }
    let packed = zlib(&rows(header, picture));
    for part in packed.chunks(packed.len().div_ceil(picture.3)) {
        add(&mut bytes, *b"IDAT", part);
    }
    after.iter().take(if is_plain { 0 } else { 2 }).for_each(|(kind, data)| add(&mut bytes, *kind, data));
    add(&mut bytes, *b"IEND", &[]);
    bytes
}

fn rows(Header([width, height], rest): &Header, (more, filter, data, _): &(i32, u8, Vec<u8>, usize)) -> Vec<u8> {
    let samples = match rest[1] {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    };
    let row = (u64::from(*width) * samples * u64::from(rest[0])).div_ceil(8) + 1;
    // Of a huge picture only the beginning.
    let length = row.saturating_mul(u64::from(*height)).min(1 << 14) as usize;
    let mut rows: Vec<u8> = data.iter().copied().chain([7]).cycle().take(length).collect();
    rows.iter_mut().step_by(row.min(1 << 14) as usize).for_each(|byte| *byte = *filter);
    rows.resize(length.saturating_add_signed(*more as isize), 9);
    rows
}

fn add(bytes: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    bytes.extend((data.len() as u32).to_be_bytes());
    let checked = [&kind[..], data].concat();
    bytes.extend(&checked);
    bytes.extend(crc32fast::hash(&checked).to_be_bytes());
}

/// As a stream of stored blocks: a compressor takes longer to set up than a decoder to read all.
fn zlib(bytes: &[u8]) -> Vec<u8> {
    let (mut a, mut b) = (1u32, 0u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    [&[0x78, 1][..], &stored(bytes), &(b << 16 | a).to_be_bytes()].concat()
}

/// Deflate without compression.
pub fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut blocks: Vec<u8> = Vec::with_capacity(bytes.len() + 16);
    for block in bytes.chunks(0xffff) {
        let length = block.len() as u16;
        blocks.extend([&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), block].concat());
    }
    // An empty block is the last one.
    blocks.extend([1, 0, 0, 0xff, 0xff]);
    blocks
}

/// A grey picture of 2 x 2 pixels.
pub fn small() -> Vec<u8> {
    file(&Header([2, 2], [8, 0, 0, 0, 0]), &[], true, &(0, 0, vec![0, 9, 200], 1), &[])
}
