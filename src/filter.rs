//! The data's way, from bytes to bytes:
//!
//! ```text
//! bytes → documents → the Milvus release → a plan → text edits → proof → bytes
//! ```

use crate::edit;
use crate::plan::{self, checksum};
use crate::refusal::{Reason, Refusal};
use crate::release::Release;
use crate::settings::Settings;
use crate::stream::{DocumentId, Stream, source_lines};
use crate::yaml;

/// The largest stream that is read, in bytes.
pub const INPUT_LIMIT: usize = 256 << 20;

/// A rewritten stream.
#[derive(Debug)]
pub struct Output {
    /// The whole stream.
    pub stream: Vec<u8>,
    /// What the user should know although it is done as asked.
    pub warnings: Vec<String>,
}

/// Rewrites a stream.
///
/// # Errors
///
/// A [`Refusal`]; then nothing of the stream must be written.
pub fn filter(input: &[u8], settings: &Settings) -> Result<Output, Refusal> {
    if input.len() > INPUT_LIMIT {
        return Err(Refusal::new(Reason::TooLarge { limit: INPUT_LIMIT }));
    }
    if input.iter().all(u8::is_ascii_whitespace) {
        return Err(Refusal::new(Reason::EmptyInput));
    }
    let stream = Stream::split(input);
    let release = Release::recognise(&stream, settings.release.as_deref())?;
    let plan = plan::plan(&release, settings)?;

    let mut bodies: Vec<(DocumentId, String)> = Vec::new();
    for change in &plan.changes {
        let text = edit::apply(change)?;
        // The ConfigMap's checksum is part of every pod template.
        if change.object.id == release.config_map.id {
            for change in checksum::plan(&release, &text) {
                bodies.push((change.object.id, edit::apply(&change)?));
            }
        }
        bodies.push((change.object.id, text));
    }
    for (id, ours) in &plan.replaced {
        let above = match stream.is_glued(*id) {
            // A document must not begin behind `--- `.
            true => "\n",
            false => source_lines(stream.body(*id)),
        };
        bodies.push((*id, format!("{above}{}", yaml::write_document(ours))));
    }
    let appended: Vec<String> = plan.appended.iter().map(yaml::write_document).collect();
    Ok(Output { stream: stream.assemble(bodies, &appended), warnings: plan.warnings })
}
