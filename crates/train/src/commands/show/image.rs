//! One image as a table of its pixel values.

use std::{ops::Range, path::Path, sync::Arc};

use anyhow::bail;
use chart::{Block, PixelTable, Pixels, Section, Shading};
use data::{DataSet, Fit, Images, Split};
use plan::Plan;

use crate::{
    cli::{Part, ShowArgs, UsageError},
    commands::{image_file, load_data},
};

/// Rows and columns of the largest table.
const LARGEST: usize = 100;

const CAPTION: &str = "Pixel values, 0 to 255. In each column the smallest is white and the largest black.";

/// The table of the image that the arguments name.
pub fn show(args: &ShowArgs) -> anyhow::Result<Section> {
    let path = args.image.as_deref().expect("clap asks for an image where there is no batch");
    let name = path.to_string_lossy();
    let (pixels, file) = named(path, &name, args)?;
    let rows = within("--rows", "rows", args.rows, pixels.height())?;
    let columns = within("--cols", "columns", args.cols, pixels.width())?;
    if rows.len().max(columns.len()) > LARGEST {
        let size = format!("{} x {}", rows.len(), columns.len());
        bail!(UsageError(format!(
            "`{name}`: a table of {size} pixels is more than {LARGEST} x {LARGEST}; take a part with `--rows` and `--cols`"
        )));
    }
    let (first_row, first_column) = (rows.start, columns.start);
    let file = file.map_or_else(String::new, |file| format!(" ({file})"));
    let title = format!(
        "{name}{file}: {} x {} pixels, rows {}..{}, columns {}..{}",
        pixels.height(),
        pixels.width(),
        rows.start,
        rows.end,
        columns.start,
        columns.end
    );
    let part = pixels.part(rows, columns).expect("the ranges are checked");
    let table = PixelTable { pixels: part, first_row, first_column, shading: Shading::Columns };
    Ok(Section::new(title, [Block::Pixels { caption: CAPTION.into(), table }]))
}

/// The rows or columns of a part.
fn within(flag: &str, what: &str, part: Option<Part>, count: usize) -> Result<Range<usize>, UsageError> {
    let Some(Part { from, to }) = part else { return Ok(0..count) };
    let end = to.unwrap_or(count);
    if from < end && end <= count {
        return Ok(from..end);
    }
    Err(UsageError(format!("{flag} {from}..{end}: the image has the {what} 0..{count}, and a part needs at least one")))
}

/// A file of this name, or the image of the plan's data with the file that it was.
fn named(path: &Path, name: &str, args: &ShowArgs) -> anyhow::Result<(Pixels, Option<String>)> {
    let plan = args.plan.resolve()?;
    if path.exists() || name == "-" {
        let image = image_file::read(path)?;
        let [height, width] = image.shape.sides();
        return Ok((Pixels::of_planes(height, width, &image.fitted(image.shape, Fit::Crop)), None));
    }
    let (images, index) = of_data(name, &plan)?;
    Ok((report::pixels(&images, index), images.file_name(index).map(str::to_owned)))
}

/// The images of a split of the plan's data, and the number among them of the one with this name.
pub fn of_data(name: &str, plan: &Plan) -> anyhow::Result<(Arc<Images>, usize)> {
    let parts: Vec<&str> = name.splitn(3, '/').collect();
    if let [split, class, image] = parts[..]
        && (Split::ALL.iter().any(|known| known.name() == split) || image.parse::<usize>().is_ok())
    {
        return Ok(find(name, &load_data::load(plan, None)?, split, class, image)?);
    }
    bail!(UsageError(format!("there is no file `{name}`; an image of the data is named as in `train/3/1`")))
}

/// The image that was this file, else that with this number within its split and class, in the order of the source: of files, that of
/// their names.
fn find(name: &str, data: &DataSet, split: &str, class: &str, image: &str) -> Result<(Arc<Images>, usize), UsageError> {
    let refuse = |reason: String| Err(UsageError(format!("`{name}`: {reason}")));
    let Some((of_name, images)) = data.splits().find(|(known, _)| known.name() == split) else {
        let splits: Vec<&str> = data.splits().map(|(split, _)| split.name()).collect();
        return refuse(format!("there is no split `{split}`, only {}", splits.join(" and ")));
    };
    let task = data.task();
    let Some((label, _)) = task.labels().zip(task.classes()).find(|(_, name)| *name == class) else {
        let there = match task.classes() {
            [positive, negative] => format!("only {positive} and {negative}"),
            classes => format!("there are {}", classes.join(", ")),
        };
        return refuse(format!("there is no class `{class}`, {there}"));
    };
    let Some(found) = data.image_named(of_name, label, image) else {
        let count = images.count(label);
        return refuse(format!(
            "{split}/{class} has {count} images, from {split}/{class}/0 to {split}/{class}/{}",
            count - 1
        ));
    };
    Ok((images.clone(), found))
}
