//! The data's way, from bytes to bytes:
//!
//! ```text
//! bytes → documents → the Milvus release → a plan → text edits → proof → bytes
//! ```

use serde_json::Value;

use crate::edit::{self, Edited};
use crate::list::{EditedItem, Lists};
use crate::plan::{self, Plan, checksum};
use crate::refusal::{Reason, Refusal};
use crate::release::Release;
use crate::settings::Settings;
use crate::stream::{DocumentId, ItemOf, Pieces, Stream, source_lines};
use crate::yaml;

/// A rewritten stream.
#[derive(Debug)]
pub struct Output {
    /// The whole stream, in pieces of the input and new ones.
    pub stream: Pieces,
    /// What the user should know although it is done as asked.
    pub warnings: Vec<String>,
}

/// Rewrites a stream.
///
/// # Errors
///
/// A [`Refusal`]; then nothing of the stream must be written.
pub fn filter(input: &[u8], settings: &Settings) -> Result<Output, Refusal> {
    rewrite(input, settings, |rewrite| rewrite.output())
}

/// What is done to a stream, by document.
#[derive(Debug)]
pub struct Rewrite<'s> {
    /// The stream, its lists opened.
    pub stream: &'s Stream<'s>,
    /// Documents that are edited.
    pub edited: Vec<Edited>,
    /// Documents of ours that take the place of existing ones.
    pub replaced: Vec<(DocumentId, Value)>,
    /// Documents of ours that are new, in their order.
    pub appended: Vec<Value>,
    /// Our Ingress, be it new or not.
    pub ingress: Value,
    /// What the user should know although it is done as asked.
    pub warnings: Vec<String>,
    lists: &'s Lists,
    /// The list in which the Service stands, and new objects go.
    into: Option<ItemOf>,
}

/// Plans and edits, and hands over what is done.
///
/// # Errors
///
/// A [`Refusal`]; then nothing of the stream must be written.
pub fn rewrite<T>(
    input: &[u8],
    settings: &Settings,
    then: impl FnOnce(Rewrite<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    if input.iter().all(u8::is_ascii_whitespace) {
        return Err(Refusal::new(Reason::EmptyInput));
    }
    let split = Stream::split(input);
    split.within_limit()?;
    let lists = Lists::find(&split);
    let stream = split.open(&lists);
    let release = Release::recognise(&stream, settings.release.as_deref())?;
    let plan = plan::plan(&release, settings)?;
    let mut edited = Vec::new();
    for change in &plan.changes {
        let edit = edit::apply(change)?;
        // The ConfigMap's checksum is part of every pod template.
        if change.object.id == release.config_map.id {
            for change in checksum::plan(&release, &edit.text) {
                edited.push(edit::apply(&change)?);
            }
        }
        edited.push(edit);
    }
    let into = stream.item(release.service.object.id);
    let Plan { replaced, appended, ingress, warnings, .. } = plan;
    then(Rewrite { stream: &stream, edited, replaced, appended, ingress, warnings, lists: &lists, into })
}

impl Rewrite<'_> {
    /// The rewritten stream.
    ///
    /// # Errors
    ///
    /// [`Reason::CannotEdit`], where an item cannot be put back into its list.
    pub fn output(self) -> Result<Output, Refusal> {
        let Self { stream, lists, into, .. } = self;
        let mut bodies: Vec<_> = self.edited.into_iter().map(|edited| (edited.id, edited.text)).collect();
        bodies.extend(self.replaced.iter().map(|(id, ours)| (*id, replacement(stream, *id, ours))));
        let stream = if lists.iter().len() == 0 {
            stream.assemble(bodies, self.appended.iter().map(yaml::write_document).collect())
        } else {
            assemble(stream, lists, &bodies, into, &self.appended)?.into()
        };
        Ok(Output { stream, warnings: self.warnings })
    }
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
        Some(item) => lists.close(&stream.assembled(enclosed, Vec::new()), &edited, Some(item.list), appended),
        None => {
            let appended = appended.iter().map(yaml::write_document).collect();
            lists.close(&stream.assembled(enclosed, appended), &edited, None, &[])
        }
    }
}
