//! Reads all, then writes all: what a filter costs that looks at nothing.
#![allow(missing_docs)]

use std::io::{self, Read as _, Write as _};

fn main() -> io::Result<()> {
    let mut stream = Vec::new();
    io::stdin().read_to_end(&mut stream)?;
    io::stdout().write_all(&stream)
}
