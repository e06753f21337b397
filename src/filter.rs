//! The data's way, from bytes to bytes:
//!
//! ```text
//! bytes → documents → the Milvus release → a plan → text edits → proof → bytes
//! ```

use serde_json::Value;

use crate::edit;
use crate::list::{EditedItem, Lists};
use crate::plan::{self, checksum};
use crate::refusal::{Reason, Refusal};
use crate::release::Release;
use crate::settings::Settings;
use crate::stream::{DocumentId, ItemOf, Stream, source_lines};
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
    let split = Stream::split(input);
    let lists = Lists::find(&split);
    let stream = split.open(&lists);
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
    bodies.extend(plan.replaced.iter().map(|(id, ours)| (*id, replacement(&stream, *id, ours))));

    let stream = match stream.item(release.service.object.id) {
        None if lists.iter().len() == 0 => {
            let appended: Vec<_> = plan.appended.iter().map(yaml::write_document).collect();
            stream.assemble(bodies, &appended)
        }
        into => assemble(&stream, &lists, &bodies, into, &plan.appended)?,
    };
    Ok(Output { stream, warnings: plan.warnings })
}

/// The text of a document of ours in the place of an existing one.
fn replacement(stream: &Stream<'_>, id: DocumentId, ours: &Value) -> String {
    if let Some(item) = stream.item(id) {
        return item.framing.write(ours);
    }
    let above = match stream.is_glued(id) {
        // A document must not begin behind `--- `.
        true => "\n",
        false => source_lines(stream.body(id)),
    };
    format!("{above}{}", yaml::write_document(ours))
}

/// The new stream where some documents are items of lists. New objects go where the Service is.
fn assemble(
    stream: &Stream<'_>,
    lists: &Lists,
    bodies: &[(DocumentId, String)],
    into: Option<ItemOf>,
    appended: &[Value],
) -> Result<Vec<u8>, Refusal> {
    let cannot_edit = || {
        Refusal::new(Reason::CannotEdit { message: "an item of a list cannot be put back behind its dash".to_owned() })
    };
    let enclosed = bodies.iter().map(|(id, text)| {
        let text = match stream.item(*id) {
            None => Some(text.clone()),
            Some(item) => item.framing.enclose(text.clone()),
        };
        Some((*id, text?))
    });
    let enclosed = enclosed.collect::<Option<_>>().ok_or_else(cannot_edit)?;
    let edited: Vec<_> =
        bodies.iter().filter_map(|(id, text)| Some(EditedItem { of: stream.item(*id)?, text })).collect();
    match into {
        Some(item) => lists.close(&stream.assemble(enclosed, &[]), &edited, Some(item.list), appended),
        None => {
            let appended: Vec<_> = appended.iter().map(yaml::write_document).collect();
            lists.close(&stream.assemble(enclosed, &appended), &edited, None, &[])
        }
    }
}
