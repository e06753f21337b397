//! The data's way, from bytes to bytes:
//!
//! ```text
//! bytes → documents → the Milvus release → a plan → text edits → proof → bytes
//! ```

use crate::edit::{self, Edited};
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
        let Edited { text, inner } = edit::apply(change)?;
        // Only the ConfigMap holds a text: its checksum is part of every pod template.
        if let [user_yaml] = inner.as_slice() {
            let data = checksum::edited_data(release.config_map.value(), user_yaml);
            for change in checksum::plan(&release, &text, &data) {
                bodies.push((change.object.id, edit::apply(&change)?.text));
            }
        }
        bodies.push((change.object.id, text));
    }
    for (id, ours) in &plan.replaced {
        let source = source_lines(stream.body(*id));
        bodies.push((*id, format!("{source}{}", yaml::write_document(ours))));
    }
    let appended: Vec<String> = plan.appended.iter().map(yaml::write_document).collect();
    Ok(Output { stream: stream.assemble(bodies, &appended), warnings: plan.warnings })
}
