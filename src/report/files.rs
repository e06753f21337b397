//! Which file a line of the input is in.

/// What the input is called if it does not have a name.
const STDIN: &str = "<stdin>";

/// The files whose texts make up a stream, one after the other.
#[derive(Debug)]
pub struct Files(Vec<Part>);

/// A file in the stream.
#[derive(Debug)]
pub struct Part {
    /// What it is called.
    pub name: String,
    /// Whether it was named on the command line, so that its lines are to be told with its name.
    pub is_given: bool,
    /// The 1-based line of the stream on which it begins.
    pub first_line: usize,
}

impl Files {
    /// stdin alone.
    #[must_use]
    pub fn stdin() -> Self {
        Self::called(STDIN)
    }

    /// One text that is called so.
    #[must_use]
    pub fn called(name: &str) -> Self {
        Self(vec![Part { name: name.to_owned(), is_given: false, first_line: 1 }])
    }

    /// The files of a command line, each with the line on which it begins; none is stdin.
    #[must_use]
    pub fn given(files: impl IntoIterator<Item = (Option<String>, usize)>) -> Self {
        let part = |(name, first_line): (Option<String>, _)| {
            let is_given = name.is_some();
            Part { name: name.unwrap_or_else(|| STDIN.to_owned()), is_given, first_line }
        };
        Self(files.into_iter().map(part).collect())
    }

    /// The file that a line of the stream is in.
    #[must_use]
    pub fn at(&self, line: usize) -> Option<&Part> {
        self.0[..self.0.partition_point(|part| part.first_line <= line)].last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_files() {
        let files = Files::given([(Some("a.yaml".to_owned()), 1), (None, 4), (Some("b.yaml".to_owned()), 6)]);
        let name = |line| files.at(line).map(|part| part.name.as_str());
        assert_eq!([1, 3, 4, 5, 6, 90].map(name), ["a.yaml", "a.yaml", STDIN, STDIN, "b.yaml", "b.yaml"].map(Some));
    }
}
