//! What a run tells before it ends. `main` prints it.

/// Who listens.
pub trait Progress {
    /// Something has changed: lines that stay.
    fn say(&mut self, lines: &str);

    /// What is awaited at present, and for how long: the next one takes its place.
    fn now(&mut self, since: &str, awaited: &str);
}
