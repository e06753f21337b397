//! What is told to the user, and how a run ends.

pub mod diagnostic;
pub mod files;
pub mod mistaken;
pub mod outcome;
pub mod place;
pub mod progress;
pub mod refusal;
