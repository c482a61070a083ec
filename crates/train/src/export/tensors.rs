//! The tensors of a safetensors file, held against those that a network has. The file is anybody's: no byte of it reaches Burn
//! before name, dtype, shape and length are what they should be.

use std::collections::BTreeMap;

use burn::tensor::{bf16, f16};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

/// Problems that a message names; a file of another network has dozens.
const NAMED: usize = 3;
/// Characters of a foreign name that a message shows.
const NAME: usize = 60;

/// A tensor that a network has.
pub(super) struct Expected {
    pub name: String,
    pub shape: Vec<usize>,
}

/// The values of the expected tensors, in their order, each row by row; half and double precision are converted.
///
/// # Errors
/// What is wrong with the file, each tensor by its name.
pub(super) fn read(bytes: &[u8], expected: &[Expected]) -> Result<Vec<Vec<f32>>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| {
        unknown_dtype(bytes).unwrap_or_else(|| format!("it is no whole safetensors file: {}", one_line(&error)))
    })?;
    let found: BTreeMap<String, TensorView<'_>> = file.tensors().into_iter().collect();
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for expected in expected {
        match found.get(&expected.name).map_or_else(|| Err(missing(expected)), |tensor| values(tensor, expected)) {
            Ok(values) => all.push(values),
            Err(problem) => problems.push(problem),
        }
    }
    let unknown = found.keys().filter(|name| !is_known(name, expected));
    problems.extend(unknown.map(|name| format!("the run's network has no tensor {}", shown(name))));
    if problems.is_empty() { Ok(all) } else { Err(summary(&problems)) }
}

fn values(tensor: &TensorView<'_>, expected: &Expected) -> Result<Vec<f32>, String> {
    let name = shown(&expected.name);
    let Some(values) = as_f32(tensor.dtype(), tensor.data()) else {
        return Err(refused(&expected.name, &tensor.dtype().to_string()));
    };
    if tensor.shape() != expected.shape {
        return Err(format!("tensor {name} has shape {:?}, the run's network {:?}", tensor.shape(), expected.shape));
    }
    let is_finite = values.iter().all(|value| value.is_finite());
    let problem = || format!("it holds a value that is not finite in f32, in tensor {name}, as no run writes it");
    if is_finite { Ok(values) } else { Err(problem()) }
}

/// The values of a dtype of floats, at whatever address they lie; `None` of any other.
fn as_f32(dtype: Dtype, data: &[u8]) -> Option<Vec<f32>> {
    Some(match dtype {
        Dtype::F64 => data.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
        Dtype::F32 => data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        Dtype::F16 => data.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
        Dtype::BF16 => data.as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect(),
        _ => return None,
    })
}

/// PyTorch's batch normalisation counts its batches beside its statistics, and computes nothing with the count.
fn is_known(name: &str, expected: &[Expected]) -> bool {
    let is_expected = |name: &str| expected.iter().any(|expected| expected.name == name);
    let norm = name.strip_suffix("num_batches_tracked");
    is_expected(name) || norm.is_some_and(|norm| is_expected(&format!("{norm}running_mean")))
}

/// The first tensor with a dtype that safetensors does not have: its own message names the dtype alone.
fn unknown_dtype(bytes: &[u8]) -> Option<String> {
    let (length, rest) = bytes.split_first_chunk()?;
    let header = rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let entries: BTreeMap<String, serde_json::Value> = serde_json::from_slice(header).ok()?;
    entries.iter().find_map(|(name, entry)| {
        let dtype = entry.get("dtype")?.as_str()?;
        let is_unknown = name != "__metadata__" && serde_json::from_value::<Dtype>(dtype.into()).is_err();
        is_unknown.then(|| refused(name, dtype))
    })
}

fn refused(name: &str, dtype: &str) -> String {
    let (name, dtype) = (shown(name), shown(dtype).replace('`', ""));
    format!("tensor {name} is of {dtype}, no floating point of 16, 32 or 64 bits (F16, BF16, F32, F64)")
}

fn missing(expected: &Expected) -> String {
    format!("it has no tensor {} of shape {:?}", shown(&expected.name), expected.shape)
}

fn summary(problems: &[String]) -> String {
    let more = problems.len().saturating_sub(NAMED);
    let named = problems[..problems.len() - more].join("; ");
    if more > 0 { format!("{named}; and {more} more like these") } else { named }
}

/// A name from a foreign file: one line, no control characters, not without end.
fn shown(name: &str) -> String {
    let cut = if name.chars().nth(NAME).is_some() { ".." } else { "" };
    format!("`{}{cut}`", name.chars().take(NAME).collect::<String>().escape_debug())
}

fn one_line(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let cut = text.char_indices().nth(4 * NAME).map_or(text.len(), |(at, _)| at);
    text[..cut].split_whitespace().collect::<Vec<_>>().join(" ").escape_debug().to_string().replace("\\\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Vec<Expected> {
        let tensor = |name: &str, shape: &[usize]| Expected { name: name.into(), shape: shape.into() };
        vec![tensor("weight", &[1, 2]), tensor("bias", &[1])]
    }

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
    }

    /// `weight` and `bias` of this dtype, the values in bytes.
    fn of(dtype: &str, size: usize, data: &[u8]) -> Vec<u8> {
        let (weight, all) = (2 * size, 3 * size);
        let header = format!(
            r#"{{"weight":{{"dtype":"{dtype}","shape":[1,2],"data_offsets":[0,{weight}]}},
                "bias":{{"dtype":"{dtype}","shape":[1],"data_offsets":[{weight},{all}]}}}}"#
        );
        file(&header, data)
    }

    #[track_caller]
    fn refused_with(bytes: &[u8], message: &str) {
        let error = read(bytes, &expected()).unwrap_err();
        assert!(error.contains(message) && !error.contains('\n'), "{error}");
    }

    #[test]
    fn floats_of_every_size_are_converted() {
        let right = vec![vec![1.5, -2.0], vec![0.25]];
        let doubles: Vec<u8> = [1.5f64, -2.0, 0.25].iter().flat_map(|value| value.to_le_bytes()).collect();
        let singles: Vec<u8> = [1.5f32, -2.0, 0.25].iter().flat_map(|value| value.to_le_bytes()).collect();
        let halves = [0x00, 0x3e, 0x00, 0xc0, 0x00, 0x34];
        let brains = [0xc0, 0x3f, 0x00, 0xc0, 0x80, 0x3e];
        for bytes in [of("F64", 8, &doubles), of("F32", 4, &singles), of("F16", 2, &halves), of("BF16", 2, &brains)] {
            assert_eq!(read(&bytes, &expected()), Ok(right.clone()));
        }
    }

    #[test]
    fn other_dtypes_are_refused_with_tensor_and_dtype() {
        let sizes = [("I8", 1), ("I16", 2), ("I32", 4), ("I64", 8), ("U8", 1), ("U16", 2), ("U32", 4), ("U64", 8)];
        for (dtype, size) in sizes.into_iter().chain([("BOOL", 1), ("F8_E4M3", 1), ("C64", 8)]) {
            refused_with(&of(dtype, size, &vec![1; 3 * size]), &format!("tensor `weight` is of {dtype}, no floating"));
        }
        refused_with(&of("I4096", 1, &[1; 3]), "tensor `bias` is of I4096, no floating");
    }

    #[test]
    fn a_double_beyond_f32_is_not_finite() {
        let data: Vec<u8> = [1.0f64, 1e300, 0.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        refused_with(&of("F64", 8, &data), "a value that is not finite in f32, in tensor `weight`");
    }

    #[test]
    fn what_is_missing_unknown_or_of_another_shape_is_named() {
        let header = r#"{"weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},
                         "b\u001bias":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}"#;
        let error = read(&file(header, &[0; 12]), &expected()).unwrap_err();
        let right = "tensor `weight` has shape [2, 1], the run's network [1, 2]; it has no tensor `bias` of shape [1]; \
                     the run's network has no tensor `b\\u{1b}ias`";
        assert_eq!(error, right);
    }

    #[test]
    fn a_count_of_batches_is_let_be_only_beside_its_statistics() {
        let header = r#"{"1.running_mean":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                         "1.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[4,12]}}"#;
        let expected = [Expected { name: "1.running_mean".into(), shape: vec![1] }];
        assert_eq!(read(&file(header, &[0; 12]), &expected), Ok(vec![vec![0.0]]));
        let error = read(&file(&header.replace("\"1.num", "\"2.num"), &[0; 12]), &expected).unwrap_err();
        assert_eq!(error, "the run's network has no tensor `2.num_batches_tracked`");
    }

    #[test]
    fn a_header_that_lies_is_refused() {
        let whole = of("F32", 4, &[0; 12]);
        let entry = |offsets: &str, shape: &str| {
            format!(r#"{{"weight":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#)
        };
        let most = u64::MAX;
        for bytes in [
            Vec::new(),
            whole[..5].to_vec(),
            whole[..40].to_vec(),
            whole[..whole.len() - 1].to_vec(),
            [&whole[..], &[0]].concat(),
            [&most.to_le_bytes()[..], b"{}"].concat(),
            [&99_999_999u64.to_le_bytes()[..], b"{}"].concat(),
            file("[]", &[]),
            file(&"[".repeat(100_000), &[]),
            file(&entry("[0,8]", "[1,3]"), &[0; 8]),
            file(&entry("[0,16]", "[1,4]"), &[0; 8]),
            file(&entry("[8,0]", "[1,2]"), &[0; 8]),
            file(&entry("[4,12]", "[1,2]"), &[0; 12]),
            file(&entry("[0,8]", &format!("[{most},{most}]")), &[0; 8]),
            file(&entry(&format!("[0,{most}]"), "[1,2]"), &[0; 8]),
            file(&entry("[-1,7]", "[1,2]"), &[0; 8]),
            file(
                r#"{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},
                    "bias":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
                &[0; 8],
            ),
            file(
                r#"{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},
                    "weight":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}}"#,
                &[0; 16],
            ),
        ] {
            refused_with(&bytes, "it is no whole safetensors file: ");
        }
        refused_with(
            &file("{}", &[]),
            "it has no tensor `weight` of shape [1, 2]; it has no tensor `bias` of shape [1]",
        );
    }
}
