//! The data's way, from bytes to bytes:
//!
//! ```text
//! bytes → documents → the Milvus release → a plan → text edits → proof → bytes
//! ```

use json_patch::Patch;
use serde_json::Value;

use crate::edit::{self, Edited};
use crate::gke::gateway::Protocol;
use crate::kube::object::Object as _;
use crate::milvus::operator;
use crate::milvus::release::{Release, Wanted};
use crate::milvus::workload::{Use, Workload};
use crate::plan::{self, Change, Plan, checksum};
use crate::report::refusal::{Reason, Refusal};
use crate::settings::{Settings, Warnings};
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
    let stream = read(input)?;
    rewrite(&stream, settings)?.output(stream)
}

/// The stream that is to be rewritten.
///
/// # Errors
///
/// [`Reason::EmptyInput`] and [`Reason::TooManyDocuments`].
pub fn read(input: &[u8]) -> Result<Stream<'_>, Refusal> {
    if input.iter().all(u8::is_ascii_whitespace) {
        return Err(Refusal::new(Reason::EmptyInput));
    }
    let mut stream = Stream::read(input)?;
    operator::expand(&mut stream);
    Ok(stream)
}

/// What is done to a stream, by document.
#[derive(Debug)]
pub struct Rewrite {
    /// Documents that are edited.
    pub edited: Vec<Edited>,
    /// Documents of ours that take the place of existing ones.
    pub replaced: Vec<(DocumentId, Value)>,
    /// Documents of ours that are new, in their order.
    pub appended: Vec<Value>,
    /// Our Ingress, if there is to be one, be it new or not.
    pub ingress: Option<Value>,
    /// Whether Milvus does not ask for a password.
    pub is_without_authentication: bool,
    /// Kind and name of the workloads whose pods restart with new settings.
    pub restarted: Vec<(String, String)>,
    /// What the user should know although it is done as asked.
    pub warnings: Vec<String>,
    /// The list in which the Service is, and new objects go.
    into: Option<ItemOf>,
}

/// Plans and edits.
///
/// # Errors
///
/// A [`Refusal`]; then nothing of the stream must be written.
pub fn rewrite(stream: &Stream<'_>, settings: &Settings) -> Result<Rewrite, Refusal> {
    rewrite_release(&release(stream, settings)?, stream, settings)
}

/// The release that the settings mean.
///
/// # Errors
///
/// As [`Release::recognise`].
pub fn release<'i>(stream: &'i Stream<'_>, settings: &Settings) -> Result<Release<'i>, Refusal> {
    let use_of_settings = match settings.doors.protocol() {
        Protocol::Tls => Use::Edit,
        Protocol::H2c => Use::Read,
    };
    let wanted = Wanted {
        release: settings.release.as_deref(),
        service: settings.service.as_deref(),
        settings: use_of_settings,
    };
    Release::recognise(stream, wanted).map_err(|refusal| refusal.traced(stream))
}

/// As [`rewrite`], for a release that is found already.
///
/// # Errors
///
/// As [`rewrite`].
pub fn rewrite_release(release: &Release<'_>, stream: &Stream<'_>, settings: &Settings) -> Result<Rewrite, Refusal> {
    let Plan { service, config, attu, replaced, appended, ingress, is_without_authentication, warnings } =
        plan::plan(release, settings).map_err(|refusal| refusal.traced(stream))?;
    let warnings: Vec<_> = settings.noticed.iter().cloned().chain(warnings).collect();
    let warnings = match settings.warnings {
        Warnings::Refused if !warnings.is_empty() => return Err(Reason::Warned { warnings }.into()),
        Warnings::Unsaid => Vec::new(),
        Warnings::Said | Warnings::Refused => warnings,
    };
    let mut edited = Vec::new();
    let mut restarted = Vec::new();
    if let Some(resource) = &release.resource {
        let change = plan::operator::plan(resource, &service, &config);
        restarted.extend(plan::operator::restarted(resource, &config, &change));
        edited.extend(edit::apply(&change)?);
    } else {
        edited.extend(edit::apply(&service)?);
        let of_config = edit_config(release, &config)?;
        let is_edited = |workload: &&Workload<'_>| of_config.iter().any(|edited| edited.id == workload.object.id);
        restarted.extend(
            release
                .workloads
                .iter()
                .filter(is_edited)
                .map(|Workload { object }| (object.kind().to_owned(), object.name().unwrap_or_default().to_owned())),
        );
        edited.extend(of_config);
    }
    if let Some(attu) = attu {
        edited.extend(edit::apply(&attu)?);
    }
    let into = stream.item(release.document());
    Ok(Rewrite { edited, replaced, appended, ingress, is_without_authentication, restarted, warnings, into })
}

/// The edited ConfigMap, and the workloads that restart with it.
fn edit_config(release: &Release<'_>, config: &Change<'_, '_>) -> Result<Vec<Edited>, Refusal> {
    let mut edited = Vec::new();
    if let Some(config) = edit::apply(config)? {
        // The ConfigMap's checksum is part of every pod template.
        for change in checksum::plan(release, &config.text) {
            edited.extend(edit::apply(&change)?);
        }
        edited.push(config);
    }
    Ok(edited)
}

impl Rewrite {
    /// The rewritten stream, made of the one that was planned for.
    ///
    /// # Errors
    ///
    /// [`Reason::CannotEdit`], where an item cannot be put back into its list.
    pub fn output(self, stream: Stream<'_>) -> Result<Output, Refusal> {
        self.output_with(stream, &Patch(Vec::new()))
    }

    /// The rewritten stream; `more` is done to the list in which the Service is.
    ///
    /// # Errors
    ///
    /// As [`Rewrite::output`].
    pub fn output_with(self, mut stream: Stream<'_>, more: &Patch) -> Result<Output, Refusal> {
        let Self { edited, replaced, appended, warnings, into, .. } = self;
        let edited = edited.into_iter().map(|edited| (edited.id, edited.text));
        let replaced = replaced.iter().map(|(id, ours)| (*id, replacement(&stream, *id, ours)));
        let (items, bodies): (Vec<_>, Vec<_>) = edited.chain(replaced).partition(|(id, _)| stream.item(*id).is_some());
        let mut closed = Vec::new();
        for (number, list) in stream.take_lists().into_iter().enumerate() {
            let of_list = items.iter().filter_map(|(id, text)| {
                let item = stream.item(*id).filter(|item| item.list == number)?;
                Some((item.index, item.framing, text.as_str()))
            });
            let edited: Vec<_> = of_list.collect();
            // New objects go where the Service is.
            let is_into = into.is_some_and(|into| into.list == number);
            let (appended, more) = if is_into { (&*appended, more) } else { (&[][..], &Patch(Vec::new())) };
            if !(edited.is_empty() && appended.is_empty() && more.is_empty()) {
                let (range, text) = (list.range(), list.close(&edited, appended, more));
                closed.push((range, text.map_err(|error| Reason::CannotEdit { message: error.to_string() })?));
            }
        }
        let appended = if into.is_some() { &[][..] } else { &appended };
        let appended = appended.iter().map(yaml::write_document).collect();
        Ok(Output { stream: stream.assemble(bodies, closed, appended), warnings })
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
