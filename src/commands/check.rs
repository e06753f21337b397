//! `check`: mistakes in manifests.

use super::shared::{Manifests, for_stdout, refused_whole};
use crate::check::rules::Rule;
use crate::check::{self, report};
use crate::cli::{CheckOutput, Colour};
use crate::milvus::operator;
use crate::report::outcome::{Outcome, Status};
use crate::stream::Stream;

pub(super) fn run(
    release: Option<&str>,
    strict: bool,
    ignored: &[&'static Rule],
    output: CheckOutput,
    colour: Colour,
    manifests: &Manifests,
) -> Result<Outcome, Outcome> {
    let mut stream = Stream::read(&manifests.input).map_err(|error| refused_whole(&error.into()))?;
    operator::expand(&mut stream);
    let mut findings = check::check(&stream, release).map_err(|refusal| manifests.refused(&refusal, &stream))?;
    findings.retain(|finding| !ignored.contains(&finding.rule));
    let findings = report::sorted(findings, &stream, &manifests.files);
    let count = report::Count::of(&findings);
    let stdout = match output {
        CheckOutput::Text => for_stdout(report::text(&findings), colour),
        CheckOutput::Json => report::json(&findings).into_bytes(),
        CheckOutput::Sarif => report::sarif(&findings).into_bytes(),
    };
    let is_bad = count.errors > 0 || strict && count.warnings > 0;
    let status = if is_bad { Status::Refused } else { Status::Done };
    Ok(Outcome { stdout: stdout.into(), stderr: String::new(), status })
}
