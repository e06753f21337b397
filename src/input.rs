//! stdin, or files → bytes.

use std::io::{Read, Result};
use std::ops::Deref;

/// All that was read. It begins where a line of the processor's cache does: to anywhere else the kernel copies at half
/// the speed.
#[derive(Debug, Default)]
pub struct Input {
    bytes: Vec<u8>,
    start: usize,
}

/// The alignment, in bytes.
const CACHE_LINE: usize = 64;

/// Most rendered charts are smaller, in bytes.
const ONE_CHART: usize = 256 << 10;

impl Input {
    /// Reads to the end, or one byte more than `limit`, to tell.
    ///
    /// # Errors
    ///
    /// Those of `stdin`.
    pub fn read(stdin: impl Read, limit: usize) -> Result<Self> {
        let mut stdin = stdin.take(limit as u64 + 1);
        let mut input = Self::with_room(ONE_CHART).unwrap_or_default();
        if stdin.by_ref().take(ONE_CHART as u64).read_to_end(&mut input.bytes)? == ONE_CHART {
            // Room for all that there can be: addresses, not memory, which comes with what is written there. A vector
            // that grows moves, and is there twice meanwhile. Where so many addresses are not to be had, it grows.
            if let Some(mut roomy) = Self::with_room(limit + 1) {
                roomy.bytes.extend_from_slice(&input);
                input = roomy;
            }
            stdin.read_to_end(&mut input.bytes)?;
        }
        Ok(input)
    }

    /// Appends another text as separate documents, and returns where it begins.
    pub fn append(&mut self, text: &[u8]) -> usize {
        if !self.is_empty() && !self.ends_with(b"\n") {
            self.bytes.push(b'\n');
        }
        self.bytes.extend_from_slice(b"---\n");
        let at = self.len();
        self.bytes.extend_from_slice(text);
        at
    }

    fn with_room(size: usize) -> Option<Self> {
        let mut bytes: Vec<u8> = Vec::new();
        bytes.try_reserve_exact(size + CACHE_LINE).ok()?;
        let start = bytes.as_ptr().align_offset(CACHE_LINE).min(CACHE_LINE);
        bytes.resize(start, 0);
        Some(Self { bytes, start })
    }
}

impl Deref for Input {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it() {
        for size in [0, 1, ONE_CHART - 1, ONE_CHART, ONE_CHART + 1, 3 * ONE_CHART] {
            let text: Vec<_> = (0..size).map(|at| (at % 251) as u8).collect();
            let input = Input::read(&text[..], 4 * ONE_CHART).expect("nothing fails");
            assert!(*input == *text, "{size} bytes");
            assert_eq!(input.as_ptr().align_offset(CACHE_LINE), 0);
        }
    }

    #[test]
    fn one_text_behind_another() {
        let mut input = Input::read(&b"a: 1"[..], 10).expect("nothing fails");
        assert_eq!(input.append(b"b: 2\n"), 9);
        assert_eq!(input.append(b"c: 3"), 18);
        assert_eq!(&*input, b"a: 1\n---\nb: 2\n---\nc: 3");
    }

    #[test]
    fn one_byte_more_than_the_limit() {
        for limit in [10, 2 * ONE_CHART] {
            assert_eq!(Input::read(std::io::repeat(b'a'), limit).expect("nothing fails").len(), limit + 1);
        }
    }
}
