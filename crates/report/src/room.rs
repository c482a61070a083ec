//! How many images a page has room for.

use task::Shape;

/// What the pictures of images take on a page, at most; what one takes besides its pixels; and what a large one takes with all that,
/// of which less is shown.
const PICTURES_BYTES: usize = 170_000;
const BYTES_AROUND: usize = 200;
const BYTES_OF_LARGE: usize = 3_500;

/// Images of this shape that a page has room for.
pub fn room(Shape { channels, height, width }: Shape) -> usize {
    // Grey strokes take half a byte for each pixel.
    let bytes = if channels == 1 { height * width / 2 } else { channels * height * width };
    PICTURES_BYTES / (bytes + BYTES_AROUND).min(BYTES_OF_LARGE)
}
