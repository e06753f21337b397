//! A stream that is mostly the one that was read: what stays is not copied.

use std::ops::Range;

/// Pieces of the input, and new ones, in order.
#[derive(Debug, Default)]
pub struct Pieces(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    /// Stands there in the input.
    Kept(Range<usize>),
    New(Vec<u8>),
}

impl Pieces {
    pub(super) fn keep(&mut self, range: Range<usize>) {
        self.0.push(Piece::Kept(range));
    }

    pub(super) fn insert(&mut self, text: Vec<u8>) {
        self.0.push(Piece::New(text));
    }

    pub(super) fn last<'a>(&'a self, input: &'a [u8]) -> Option<&'a [u8]> {
        self.slices(input).last()
    }

    /// The texts of the pieces, none of them empty. `input` is the one that they were made of.
    pub fn slices<'a>(&'a self, input: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let texts = self.0.iter().map(|piece| match piece {
            Piece::Kept(range) => &input[range.clone()],
            Piece::New(text) => text,
        });
        texts.filter(|text| !text.is_empty())
    }

    /// All of it in one buffer.
    #[must_use]
    pub fn concat(&self, input: &[u8]) -> Vec<u8> {
        self.slices(input).collect::<Vec<_>>().concat()
    }
}

impl From<Vec<u8>> for Pieces {
    fn from(text: Vec<u8>) -> Self {
        Self(vec![Piece::New(text)])
    }
}
