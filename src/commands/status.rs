//! `status`: where the set-up of a release stands.

use std::io::Read;

use super::shared::{read, refused, refused_whole};
use crate::report::mistaken::Mistaken;
use crate::report::outcome::{Outcome, Status};
use crate::report::refusal::{Reason, Refusal};
use crate::status::{self, Asked, Verdict};
use crate::stream::Stream;

pub(super) fn run(asked: &Asked, input: impl Read) -> Result<Outcome, Outcome> {
    let input = read(input)?;
    let report = status::report(&input, asked).map_err(|refusal| {
        let stream = Stream::split(&input);
        refused(&of_printed(refusal, &stream), &stream)
    })?;
    if report.verdict == Verdict::Waiting {
        // What is no part of the set-up is not to be waited for.
        nothing_printed(&input).map_or(Ok(()), |refusal| Err(refused_whole(&refusal)))?;
    }
    let status = match report.verdict {
        Verdict::Ready => Status::Done,
        Verdict::Waiting => Status::Pending,
        Verdict::Broken => Status::Refused,
    };
    Ok(Outcome { stdout: report.text.into_bytes().into(), stderr: String::new(), status })
}

/// Why nothing can be told, by what was read.
fn of_printed(refusal: Refusal, stream: &Stream<'_>) -> Refusal {
    let is_unread =
        matches!(refusal.reason, Reason::PrintedNotUtf8 | Reason::PrintedDoesNotParse { .. } | Reason::NoObject);
    let read = if is_unread { Mistaken::of(stream) } else { None };
    read.map_or(refusal, |read| Reason::MistakenForPrinted(read).into())
}

/// Objects that tell nothing, whatever becomes of them.
fn nothing_printed(input: &[u8]) -> Option<Refusal> {
    let stream = Stream::read(input).ok()?;
    Mistaken::alone(&stream).map(|read| Reason::MistakenForPrinted(read).into())
}
