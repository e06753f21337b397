//! `status`: where the set-up of a release stands.

use std::io::Read;

use super::shared::{read, refused};
use crate::report::outcome::{Outcome, Status};
use crate::status::{self, Asked, Verdict};
use crate::stream::Stream;

pub(super) fn run(asked: &Asked, input: impl Read) -> Result<Outcome, Outcome> {
    let input = read(input)?;
    let report = status::report(&input, asked).map_err(|refusal| refused(&refusal, &Stream::split(&input)))?;
    let status = match report.verdict {
        Verdict::Ready => Status::Done,
        Verdict::Waiting => Status::Pending,
        Verdict::Broken => Status::Refused,
    };
    Ok(Outcome { stdout: report.text.into_bytes().into(), stderr: String::new(), status })
}
