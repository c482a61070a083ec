//! A table of images: a row for each, with the path of its file, its label and, where it has one, its split.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    path::{Component, Path, PathBuf},
};

use rayon::prelude::*;
use task::MOST_CLASSES;

use crate::{
    Error, Split,
    decode::EXTENSIONS,
    source::{
        Limits,
        listing::Listing,
        place::{Place, split_of},
    },
};

/// The headings of a table; what is none is found by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// Of the paths.
    pub path: Option<String>,
    pub label: Option<String>,
    /// Of the splits, which a table need not have.
    pub split: Option<String>,
}

/// What the columns are called in most tables, the likeliest first.
const PATHS: [&str; 13] = [
    "path",
    "filepath",
    "file_path",
    "image_path",
    "file",
    "filename",
    "file_name",
    "image",
    "image_id",
    "img",
    "name",
    "fname",
    "id",
];
const LABELS: [&str; 8] = ["label", "class", "category", "target", "labels", "class_name", "species", "y"];
const SPLITS: [&str; 7] = ["split", "set", "subset", "partition", "is_valid", "is_val", "data_set"];

/// What a table must be like.
const LAYOUT: &str = "a table has a row for each image, with its path, its label and its split: train, valid or test";

/// Which image stands where, and as what: its table, line and label.
type Seen = HashMap<String, (PathBuf, u64, String)>;

/// Bytes of the largest table.
const LARGEST: u64 = 1 << 30;

/// Lists the images of a table, or of the tables `train.csv`, `valid.csv` and `test.csv` of a folder. The paths in it are those below
/// the folder of images, or of the table.
///
/// # Errors
/// Where a table cannot be read, lacks a column, or a row cannot be used: with its line.
pub(crate) fn list(
    path: &Path,
    images: Option<&Path>,
    columns: &Columns,
    asked: Option<&[String]>,
    limits: &Limits,
) -> Result<Listing, Error> {
    let mut listing = Listing::new(path.display().to_string(), LAYOUT);
    let (mut seen, mut labels) = (HashMap::new(), HashSet::new());
    for (table, split) in tables(path)? {
        let rows = Table::open(&table, columns)?.rows(split, asked, &mut seen)?;
        labels.extend(rows.iter().map(|row| row.place.class.clone()));
        if labels.len() > MOST_CLASSES {
            // Told before its files are looked for: most likely the column is another.
            let reason = format!(
                "{} different labels, of which there may be {MOST_CLASSES}; name the column of the labels by `data.label_column`",
                labels.len()
            );
            return Err(Error::Layout { place: table.display().to_string(), reason });
        }
        let folder = images.or(table.parent()).unwrap_or(Path::new(""));
        let found = rows.into_par_iter().map(|row| row.file(&table, folder)).collect::<Result<Vec<_>, _>>()?;
        listing.add(found, limits)?;
    }
    Ok(listing)
}

/// The tables with the splits that their names say.
fn tables(path: &Path) -> Result<Vec<(PathBuf, Option<Split>)>, Error> {
    if !path.is_dir() {
        return Ok(vec![(path.into(), None)]);
    }
    let unreadable = |cause| Error::Read { path: path.into(), cause };
    let mut tables = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let is_table = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let split = file.file_stem().and_then(|stem| split_of(stem.to_str()?)).filter(|_| is_table);
        tables.extend(split.map(|split| (file, Some(split))));
    }
    tables.sort_by_key(|(_, split)| *split);
    match tables.is_empty() {
        false => Ok(tables),
        true => Err(Error::Layout {
            place: path.display().to_string(),
            reason: "no `train.csv` in it; name a table, or a folder with train.csv and valid.csv".into(),
        }),
    }
}

struct Table<'a> {
    path: &'a Path,
    reader: csv::Reader<Box<dyn std::io::Read>>,
    /// Where path, label and split stand.
    at: (usize, usize, Option<usize>),
    /// 1 where lines end as on Windows, of which the reader counts the one before; else 0.
    behind: u64,
}

/// A row that can be used.
struct Row {
    line: u64,
    place: Place,
}

impl<'a> Table<'a> {
    fn open(path: &'a Path, columns: &Columns) -> Result<Self, Error> {
        let odd = |reason: &str| Error::Layout { place: path.display().to_string(), reason: reason.into() };
        if path.exists() && !path.is_file() {
            return Err(odd("it is no file"));
        }
        let unreadable = |cause| Error::Read { path: path.into(), cause };
        let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
        let start = file.fill_buf().map_err(unreadable)?;
        // As spreadsheets write them: a mark of the encoding, and what separates cells where the comma is in numbers.
        let mark = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        if start[mark..].iter().all(u8::is_ascii_whitespace) {
            return Err(odd("it is empty"));
        }
        let heading = start[mark..].split(|byte| *byte == b'\n').next().unwrap_or_default();
        let behind = u64::from(heading.ends_with(b"\r"));
        let count = |delimiter: &u8| heading.iter().filter(|byte| *byte == delimiter).count();
        let delimiter = [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',');
        file.consume(mark);
        let bytes: Box<dyn std::io::Read> = Box::new(file.take(LARGEST));
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(bytes);
        let headings: Vec<String> =
            reader.headers().map_err(|error| broken(path, &error, 0))?.iter().map(str::to_owned).collect();
        let twice = headings.iter().enumerate().find(|(at, heading)| headings[..*at].contains(heading));
        if let Some((_, twice)) = twice {
            return Err(odd(&format!("two of its columns are called `{twice}`")));
        }
        let find = |asked: &Option<String>, known: &[&str], key: &str| match asked {
            Some(name) => match headings.iter().position(|heading| heading == name) {
                None => Err(lacking(path, &format!("`{name}`, which `data.{key}` names"), &headings)),
                at => Ok(at),
            },
            None => Ok(known.iter().find_map(|name| headings.iter().position(|head| head.eq_ignore_ascii_case(name)))),
        };
        let needed = |what: &str, key: &str| {
            lacking(path, &format!("for the {what} of an image: name it by `data.{key}`"), &headings)
        };
        let at = (
            find(&columns.path, &PATHS, "path_column")?.ok_or_else(|| needed("path", "path_column"))?,
            find(&columns.label, &LABELS, "label_column")?.ok_or_else(|| needed("label", "label_column"))?,
            find(&columns.split, &SPLITS, "split_column")?,
        );
        Ok(Self { path, reader, at, behind })
    }

    /// The rows of the classes asked for, or of all.
    fn rows(mut self, of_table: Option<Split>, asked: Option<&[String]>, seen: &mut Seen) -> Result<Vec<Row>, Error> {
        let (path, label, split) = self.at;
        let (mut rows, table) = (Vec::new(), self.path);
        for (number, record) in self.reader.records().enumerate() {
            let record = record.map_err(|error| broken(table, &error, self.behind))?;
            let line = record.position().map_or(number as u64 + 2, |position| position.line() + self.behind);
            let refuse = |reason: String| refused(table, line, reason);
            let (name, class) = (record.get(path).unwrap_or_default(), record.get(label).unwrap_or_default());
            if name.is_empty() || class.is_empty() {
                let what = if name.is_empty() { "path" } else { "label" };
                return Err(refuse(format!("it has no {what}")));
            }
            if Path::new(name).components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
                return Err(refuse(format!("`{name}` leaves the folder of the images")));
            }
            let here = (table.to_owned(), line, class.to_owned());
            if let Some((other, at, before)) = seen.insert(name.to_owned(), here) {
                let place =
                    if other == table { format!("line {at}") } else { format!("`{}`, line {at}", other.display()) };
                return Err(refuse(format!("`{name}` is there already, as `{before}` in {place}")));
            }
            let split = match split.and_then(|at| record.get(at)) {
                Some(cell) => Some(split_of_cell(cell).ok_or_else(|| {
                    refuse(format!(
                        "`{cell}` is no split: train, valid and test are, or true and false of a validation split"
                    ))
                })?),
                None => of_table.or_else(|| name.split_once('/').and_then(|(first, _)| split_of(first))),
            };
            if asked.is_none_or(|asked| asked.iter().any(|asked| asked == class)) {
                rows.push(Row { line, place: Place { split, class: class.into(), name: name.into() } });
            }
        }
        Ok(rows)
    }
}

impl Row {
    /// Its file, which may be named without what formats end with.
    fn file(self, table: &Path, folder: &Path) -> Result<(Place, PathBuf), Error> {
        let named = folder.join(&self.place.name);
        let with = |extension: &str| [extension.to_owned(), extension.to_ascii_uppercase()];
        let ended = EXTENSIONS.into_iter().flat_map(with).map(|extension| named.with_added_extension(extension));
        let found = [named.clone()].into_iter().chain(ended).find(|path| path.is_file());
        match found {
            Some(file) => Ok((self.place, file)),
            None => {
                let named = named.display();
                let reason =
                    format!("there is no file `{named}`; which folder the paths are below says `data.image_folder`");
                Err(refused(table, self.line, reason))
            }
        }
    }
}

/// What a cell says: a split, or whether it is the validation split, as fastai's `is_valid`.
fn split_of_cell(cell: &str) -> Option<Split> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(Split::Valid),
        "false" | "0" | "no" => Some(Split::Train),
        name => split_of(name),
    }
}

fn lacking(table: &Path, what: &str, headings: &[String]) -> Error {
    let headings: Vec<String> = headings.iter().take(20).map(|heading| format!("`{heading}`")).collect();
    let reason = format!("no column {what}; its columns are {}", headings.join(", "));
    Error::Layout { place: table.display().to_string(), reason }
}

fn refused(table: &Path, line: u64, reason: String) -> Error {
    Error::Layout { place: format!("{}:{line}", table.display()), reason }
}

fn broken(table: &Path, error: &csv::Error, behind: u64) -> Error {
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("it has {len} cells, the line of headings {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is no UTF-8".into(),
        _ => error.to_string(),
    };
    match error.position() {
        Some(position) => refused(table, position.line() + behind, reason),
        None => Error::Layout { place: table.display().to_string(), reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HeldOut, Images, Request, cache::Store, decode::tests::grey};

    /// Files `a.png`, `b.png` and so on, of one pixel with their number, also below `train` and `valid`; and this table.
    fn folder(table: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (number, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
            for below in ["", "train", "valid"] {
                let place = folder.path().join(below);
                fs::create_dir_all(&place).unwrap();
                fs::write(place.join(format!("{name}.png")), grey(1, 1, &[number as u8])).unwrap();
            }
        }
        fs::write(folder.path().join("labels.csv"), table).unwrap();
        folder
    }

    fn read(path: &Path, columns: &Columns, fraction: f64) -> Result<Vec<Images>, Error> {
        let (limits, store) = (Limits::default(), Store::memory());
        let request = Request { classes: None, held_out: HeldOut { fraction, seed: 0 }, ..Request::default() };
        let index = list(path, None, columns, None, &limits)?.read(&request, &limits, &store)?;
        Ok(index.images(&store.pixels(index.slots * index.shape.len())?))
    }

    fn of(table: &str) -> Result<Vec<Images>, Error> {
        let folder = folder(table);
        read(&folder.path().join("labels.csv"), &Columns::default(), 0.0)
    }

    fn firsts(images: &Images) -> Vec<u8> {
        images.iter().map(|image| image[0]).collect()
    }

    #[test]
    fn a_split_comes_from_its_column_or_from_the_path() {
        let splits = of("filename,label,split\na.png,x,train\nb.png,y,train\nc.png,x,val\nd.png,y,val\n").unwrap();
        assert_eq!(splits[0].task().classes(), ["x", "y"]);
        assert_eq!((firsts(&splits[0]), firsts(&splits[1])), (vec![0, 1], vec![2, 3]));
        let splits = of("\u{feff}Path;Class;is_valid\r\na;x;False\r\n./b;y;0\r\nc;x;True\r\nd;y;1\r\n").unwrap();
        assert_eq!((firsts(&splits[0]), firsts(&splits[1])), (vec![0, 1], vec![2, 3]), "no endings, semicolons");
        let splits = of("name,label\ntrain/a.png,0\ntrain/b.png,1\nvalid/c.png,0\nvalid/d.png,1\n").unwrap();
        assert_eq!((firsts(&splits[0]), firsts(&splits[1])), (vec![0, 1], vec![2, 3]));
        assert_eq!(splits[0].file_name(0), Some("train/a.png"));
    }

    #[test]
    fn columns_of_any_name_and_a_part_held_out() {
        let folder = folder("picture,what\na.png,x\nb.png,y\nc.png,x\nd.png,y\n");
        let table = folder.path().join("labels.csv");
        let columns = Columns { path: Some("picture".into()), label: Some("what".into()), split: None };
        let splits = read(&table, &columns, 0.5).unwrap();
        assert_eq!((splits[0].labels(), splits[1].labels()), (&[0, 1][..], &[0, 1][..]));
        let message = read(&table, &Columns::default(), 0.5).unwrap_err().to_string();
        let expected =
            "no column for the path of an image: name it by `data.path_column`; its columns are `picture`, `what`";
        assert!(message.ends_with(expected), "{message}");
        let odd = Columns { label: Some("kind".into()), ..columns };
        let message = read(&table, &odd, 0.5).unwrap_err().to_string();
        assert!(message.contains("no column `kind`, which `data.label_column` names"), "{message}");
    }

    #[test]
    fn a_folder_has_a_table_for_each_split() {
        let folder = folder("");
        fs::write(folder.path().join("train.csv"), "filepath,label\na.png,x\nb.png,y\n").unwrap();
        let message = read(folder.path(), &Columns::default(), 0.0).unwrap_err().to_string();
        assert!(message.contains("it has no validation split"), "{message}");
        fs::write(folder.path().join("test.csv"), "filepath,label\nc.png,x\nd.png,y\n").unwrap();
        let splits = read(folder.path(), &Columns::default(), 0.0).unwrap();
        assert_eq!((firsts(&splits[0]), firsts(&splits[1])), (vec![0, 1], vec![2, 3]));
        let message = read(&folder.path().join("train"), &Columns::default(), 0.0).unwrap_err().to_string();
        assert!(message.contains("no `train.csv` in it"), "{message}");
    }

    #[test]
    fn lines_are_counted_however_they_end() {
        for end in ["\n", "\r\n"] {
            for (odd, reason) in [("z.png,x", "there is no file"), ("c.png", "it has 1 cells")] {
                let message = of(&["path,label", "a.png,x", "b.png,y", odd, ""].join(end)).unwrap_err().to_string();
                assert!(message.contains("labels.csv:4`: ") && message.contains(reason), "{message}");
            }
        }
    }

    #[test]
    fn a_row_that_cannot_be_used_is_told_with_its_line() {
        for (rows, line, reason) in [
            ("../a.png,x", 2, "`../a.png` leaves the folder of the images"),
            ("/etc/passwd,x", 2, "leaves the folder of the images"),
            ("a.png,x\na.png,y", 3, "`a.png` is there already, as `x` in line 2"),
            ("a.png,x\nb.png", 3, "it has 1 cells, the line of headings 2"),
            ("a.png,x\nnone.png,y", 3, "there is no file `"),
            ("a.png,", 2, "it has no label"),
            (",x", 2, "it has no path"),
        ] {
            let message = of(&format!("path,label\n{rows}\n")).unwrap_err().to_string();
            assert!(message.contains(&format!("labels.csv:{line}`: ")) && message.contains(reason), "{message}");
        }
        for (table, reason) in [
            ("", "it is empty"),
            ("label,label\n", "two of its columns are called `label`"),
            ("path,label\n", "no image in it that can be used; a table has a row"),
        ] {
            let message = of(table).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
        let message = of("path,label,split\na.png,x,other\n").unwrap_err().to_string();
        assert!(message.contains("labels.csv:2`: `other` is no split"), "{message}");
    }
}
