//! `notes`: the next steps for a release.

use std::io::Read;
use std::path::PathBuf;

use super::shared::{Manifests, json, options, refused_whole, settings, warned};
use crate::cli::{Asked, DataOutput};
use crate::filter;
use crate::notes;
use crate::report::outcome::{Outcome, Status};

pub(super) fn run(asked: Asked, output: DataOutput, files: &[PathBuf], stdin: impl Read) -> Result<Outcome, Outcome> {
    let options = options(asked)?;
    let flags = options.flags();
    let settings = settings(options)?;
    let manifests = Manifests::read(files, stdin)?;
    let stream = filter::read(&manifests.input).map_err(|refusal| refused_whole(&refusal))?;
    let release = filter::release(&stream, &settings).map_err(|refusal| manifests.refused(&refusal, &stream))?;
    let rewrite = filter::rewrite_release(&release, &stream, &settings)
        .map_err(|refusal| manifests.refused(&refusal, &stream))?;
    let notes = notes::notes(&stream, &release, &rewrite, &settings, &flags);
    // An item that cannot be put back into its list is a refusal as well.
    let warnings = rewrite.output(stream).map_err(|refusal| refused_whole(&refusal))?.warnings;
    let stdout = match output {
        DataOutput::Text => notes.text().into_bytes(),
        DataOutput::Json => json(&notes)?,
    };
    Ok(Outcome { stdout: stdout.into(), stderr: warned(&warnings), status: Status::Done })
}
