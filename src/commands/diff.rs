//! `diff`: what the filter would change.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::shared::{Manifests, for_stdout, options, refused_whole, settings, warned};
use crate::cli::{Asked, Colour, DiffOutput, STDIN};
use crate::diff;
use crate::filter;
use crate::report::outcome::{Outcome, Status};
use crate::text::one_line;

pub(super) fn run(
    asked: Asked,
    output: DiffOutput,
    colour: Colour,
    exit_code: bool,
    context: usize,
    files: &[PathBuf],
    stdin: impl Read,
) -> Result<Outcome, Outcome> {
    let settings = settings(options(asked)?)?;
    let manifests = Manifests::read(files, stdin)?;
    let stream = filter::read(&manifests.input).map_err(|refusal| refused_whole(&refusal))?;
    let rewrite = filter::rewrite(&stream, &settings).map_err(|refusal| manifests.refused(&refusal, &stream))?;
    let found = match output {
        DiffOutput::Text => {
            let file = files.first().filter(|file| file.as_os_str() != STDIN);
            let file = file.map(|file| one_line(&below_here(file).to_string_lossy()));
            diff::unified(&manifests.input, stream, rewrite, context, file.as_deref())
                .map_err(|refusal| refused_whole(&refusal))?
        }
        DiffOutput::Patch => diff::patches(&stream, rewrite),
    };
    let status = if found.changed && exit_code { Status::Pending } else { Status::Done };
    Ok(Outcome { stdout: for_stdout(found.text, colour).into(), stderr: warned(&found.warnings), status })
}

/// The file as `git apply` accepts it: below the current folder. From elsewhere only its name counts.
fn below_here(file: &Path) -> &Path {
    let is_below = file.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let name = file.file_name().map(Path::new).filter(|_| !is_below);
    name.unwrap_or_else(|| file.strip_prefix(".").unwrap_or(file))
}
