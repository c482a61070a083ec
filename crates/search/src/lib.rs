//! The mathematics of a study: what to try next, what to stop, and what the results say.
//!
//! It takes plain values and gives plain values, and knows neither Burn nor files nor processes. A [`Space`] says which
//! hyper-parameters there are; [`Grid`], [`random`], [`sobol`] and [`Tpe`] choose [`Point`]s in it; [`Asha`] and
//! [`Median`] judge trials by their [`Record`]s; [`importance`], [`Mean`] and [`welch`] are for the report.
//!
//! All of it is a function of its arguments: seed, index and what is known of other trials. Nothing is kept between
//! calls, so a study goes on after a restart from the records of its trials alone. Logarithms and exponentials come
//! from `libm`, so a seed gives the same bits on every machine.

mod asha;
mod domain;
mod error;
mod goal;
mod grid;
mod importance;
mod mean;
mod median;
mod random;
mod record;
mod sobol;
mod space;
mod stream;
mod student;
#[cfg(test)]
mod testing;
mod tpe;
mod value;
mod welch;

pub use asha::{Asha, Promotion};
pub use domain::Domain;
pub use error::Error;
pub use goal::{Goal, Observation};
pub use grid::Grid;
pub use importance::{Importance, importance};
pub use mean::Mean;
pub use median::{Median, median};
pub use random::{random, random_new};
pub use record::{Record, State};
pub use sobol::{SOBOL_DIMENSIONS, SOBOL_POINTS, sobol};
pub use space::{Condition, Parameter, Space};
pub use tpe::Tpe;
pub use value::{Point, Value};
pub use welch::{Welch, welch};
