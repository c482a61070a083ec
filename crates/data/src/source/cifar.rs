//! The binary version of CIFAR-10: a .tar.gz of six files, in which each image is a label and 32 x 32 values of red, green and blue.

use std::io::Read as _;

use task::Shape;

use crate::{
    Error, Request,
    cache::Store,
    source::{
        Index,
        arrays::{self, Arrays, Layout},
        gunzip::Gunzip,
        place::name_of,
    },
};

const SHAPE: Shape = Shape { channels: 3, height: 32, width: 32 };

/// The files in their order, the last one of the test images.
const FILES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

/// Images of one file.
const IMAGES: usize = 10_000;

/// Reads the archive, which `place` names in messages.
///
/// # Errors
/// Where it is not what the published one is.
pub(crate) fn read(
    bytes: &[u8],
    place: &str,
    names: &[&str],
    request: &Request,
    store: &Store,
) -> Result<Index, Error> {
    let wrong = |reason: String| Error::Layout { place: place.into(), reason };
    let broken = |cause: std::io::Error| wrong(format!("cannot be read as a .tar.gz: {cause}"));
    let mut files: [Vec<u8>; FILES.len()] = Default::default();
    let mut archive = tar::Archive::new(Gunzip::new(bytes));
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = name_of(&entry.path_bytes());
        let known = FILES.iter().position(|file| name.rsplit('/').next() == Some(*file));
        if let Some(file) = known {
            entry
                .by_ref()
                .take((IMAGES * (SHAPE.len() + 1)) as u64 + 1)
                .read_to_end(&mut files[file])
                .map_err(broken)?;
        }
    }
    let mut splits = [FILES.len() - 1, 1].map(|batches| Arrays {
        place: place.into(),
        pixels: Vec::with_capacity(batches * IMAGES * SHAPE.len()),
        layout: Layout::planes(SHAPE),
        labels: Vec::with_capacity(batches * IMAGES),
    });
    for (file, (bytes, name)) in files.iter().zip(FILES).enumerate() {
        if bytes.is_empty() || !bytes.len().is_multiple_of(SHAPE.len() + 1) || bytes.len() > IMAGES * (SHAPE.len() + 1)
        {
            let expected = "images of 1 + 3072 bytes, at most 10,000";
            return Err(wrong(format!("its `{name}` has {} bytes, expected are {expected}", bytes.len())));
        }
        let split = &mut splits[usize::from(file == FILES.len() - 1)];
        for image in bytes.chunks_exact(SHAPE.len() + 1) {
            split.labels.push(image[0].into());
            split.pixels.extend_from_slice(&image[1..]);
        }
    }
    let beyond = splits.iter().flat_map(|split| &split.labels).find(|label| usize::from(**label) >= names.len());
    if let Some(label) = beyond {
        return Err(wrong(format!("it has the label {label}, there are {} classes", names.len())));
    }
    arrays::index(splits.into(), Some(names), request, store)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn archive(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_cksum();
            builder.append_data(&mut header, format!("cifar-10-batches-bin/{name}"), &bytes[..]).unwrap();
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&builder.into_inner().unwrap()).unwrap();
        encoder.finish().unwrap()
    }

    fn image(label: u8, value: u8) -> Vec<u8> {
        [vec![label], vec![value; 1024], vec![value + 1; 1024], vec![value + 2; 1024]].concat()
    }

    #[test]
    fn batches_are_the_training_images_and_the_last_file_validates() {
        let mut files: Vec<(&str, Vec<u8>)> = FILES
            .iter()
            .zip(0..)
            .map(|(name, batch)| (*name, [image(0, 10 * batch), image(1, 10 * batch + 5)].concat()))
            .collect();
        let (request, store) = (Request { classes: None, ..Request::default() }, Store::memory());
        let names = ["airplane", "automobile"];
        let index = read(&archive(&files), "x", &names, &request, &store).unwrap();
        assert_eq!((index.shape, index.task.classes()), (SHAPE, &names.map(String::from)[..]));
        assert_eq!((index.parts[0].labels.len(), index.parts[1].labels.len()), (10, 2));
        let images = index.images(&store.pixels(12 * 3072).unwrap());
        assert_eq!([0, 1024, 2048].map(|at| images[0].image(1)[at]), [10, 11, 12]);
        files[2].1.pop();
        let message = read(&archive(&files), "x", &names, &request, &store).unwrap_err().to_string();
        assert!(message.contains("its `data_batch_3.bin` has 6145 bytes"), "{message}");
        files[2].1 = image(7, 0);
        let message = read(&archive(&files), "x", &names, &request, &store).unwrap_err().to_string();
        assert!(message.contains("it has the label 7, there are 2 classes"), "{message}");
    }
}
