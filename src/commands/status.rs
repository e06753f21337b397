//! `status`: where the set-up of a release stands.

use super::shared::{Manifests, json, refused, refused_whole};
use crate::cli::DataOutput;
use crate::report::files::Files;
use crate::report::mistaken::Mistaken;
use crate::report::outcome::{Outcome, Status, Stdout};
use crate::report::refusal::{Reason, Refusal};
use crate::status::{self, Asked, StatusReport, Verdict};
use crate::stream::Stream;

pub(super) fn run(
    asked: &Asked,
    wait_hint: bool,
    output: DataOutput,
    manifests: &Manifests,
) -> Result<Outcome, Outcome> {
    let report = report(&manifests.input, &manifests.files, asked).map_err(|unread| unread.1)?;
    let stdout = told(&report, output, wait_hint)?;
    Ok(Outcome { stdout, stderr: String::new(), status: exit_status(report.verdict) })
}

/// What the objects tell, or why nothing.
pub(super) fn report(input: &[u8], files: &Files, asked: &Asked) -> Result<StatusReport, Box<(Reason, Outcome)>> {
    let report = status::report(input, asked).map_err(|refusal| {
        let stream = Stream::split(input);
        let refusal = of_printed(refusal, &stream);
        let outcome = refused(&refusal, &stream, files);
        Box::new((refusal.reason, outcome))
    })?;
    // What is no part of the set-up is not to be waited for.
    let is_nothing = report.verdict == Verdict::Waiting && report.service.is_none();
    if let Some(refusal) = is_nothing.then(|| nothing_printed(input)).flatten() {
        let outcome = refused_whole(&refusal);
        return Err(Box::new((refusal.reason, outcome)));
    }
    Ok(report)
}

/// The report, as it is asked for.
pub(super) fn told(report: &StatusReport, output: DataOutput, wait_hint: bool) -> Result<Stdout, Outcome> {
    Ok(match output {
        DataOutput::Text => report.text(wait_hint).into_bytes(),
        DataOutput::Json => json(report)?,
    }
    .into())
}

pub(super) fn exit_status(verdict: Verdict) -> Status {
    match verdict {
        Verdict::Ready => Status::Done,
        Verdict::Waiting => Status::Pending,
        Verdict::Broken => Status::Refused,
    }
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
