//! What a run tells before it ends. `main` prints it.

/// Who listens.
pub trait Progress {
    /// Something has changed: lines that stay.
    fn say(&mut self, lines: &str);

    /// Whether it shows what is awaited at present.
    fn is_live(&self) -> bool;

    /// What is awaited at present: a line in place of the one before.
    fn now(&mut self, line: &str);
}
