//! `status`: where the set-up of a release stands.

use std::io::Read;

use super::shared::{COLOURED, STDIN, read};
use crate::report::diagnostic::{self, Diagnostic, Locator, Severity};
use crate::report::outcome::{Outcome, Status};
use crate::status::{self, Asked, StatusError, Verdict};
use crate::stream::Stream;

pub(super) fn run(asked: &Asked, input: impl Read) -> Result<Outcome, Outcome> {
    let input = read(input)?;
    let report = status::report(&input, asked).map_err(|error| refused(&error, &input))?;
    let status = match report.verdict {
        Verdict::Ready => Status::Done,
        Verdict::Waiting => Status::Pending,
        Verdict::Broken => Status::Refused,
    };
    Ok(Outcome { stdout: report.text.into_bytes().into(), stderr: String::new(), status })
}

fn refused(error: &StatusError, input: &[u8]) -> Outcome {
    let stream = Stream::split(input);
    let location = error.place().map(|place| Locator::new(&stream, STDIN).locate(place));
    let diagnostic = Diagnostic {
        severity: Severity::Error,
        rule: None,
        title: error.to_string().into(),
        why: error.why(),
        help: error.help(),
    };
    Outcome::failed(Status::Refused, diagnostic::render(&diagnostic, location.as_ref(), COLOURED) + "\n")
}
