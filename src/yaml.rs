//! Lossless editing of one YAML document.
//!
//! The layer knows YAML and nothing of Kubernetes or Milvus. A caller parses a
//! [`Document`], reads its [`value`](Document::value), and hands back an RFC 6902
//! patch; [`Document::patch`] returns the text with only the affected lines
//! changed, and only after a second YAML engine has read the same value from it
//! that the patch makes of the original:
//!
//! ```text
//! text ──yaml-rust2──▶ spans and value ──patch──▶ wanted value ──splice──▶ edited text
//!                                                      └─────── must equal ────┘ read by serde_yaml
//! ```
//!
//! The two readings come from two engines on purpose. A misreading of the original by
//! one of them makes them differ, and the edit is refused. (Plain text has a faster
//! reader in place of yaml-rust2: see `yaml::parse::plain`.)
//!
//! # What an edit keeps
//!
//! Comments, quoting, indentation, key order, blank lines and line endings of
//! everything the patch does not name.
//!
//! # What an edit does not keep
//!
//! * A value that is replaced by another kind of value (a mapping by a string,
//!   say) takes the comments inside it along.
//! * An alias that an edit must not affect, or must affect alone, is written out
//!   as flow YAML (see `yaml::splice`).
//! * A folded or quoted multi-line string that gets a new value is written as a
//!   literal block.
//!
//! What cannot be done without guessing is an [`EditError`], never a guess.

mod emit;
mod error;
mod excerpt;
mod items;
mod lines;
mod parse;
mod proof;
mod quote;
mod splice;
mod tree;
mod value;

pub use emit::{block as write_block, document as write_document, json as write_json, literal_document};
pub use error::{EditError, ParseError};
pub use excerpt::Entries;
pub(crate) use lines::has_old_breaks;
pub use tree::ItemSpan;

use json_patch::Patch;
use json_patch::jsonptr::{Pointer, PointerBuf};
use serde_json::Value;

use excerpt::Excerpt;
use parse::Parsed;
use tree::Tree;

/// One parsed YAML document: its text, where everything stands, and its value.
#[derive(Debug)]
pub struct Document<'t> {
    text: &'t str,
    /// The part that was read, if it is not the whole text.
    excerpt: Option<Excerpt>,
    tree: Tree,
    value: Value,
    /// See [`parse::Parsed`].
    is_plain: bool,
}

impl<'t> Document<'t> {
    /// Parses one document (a leading `---` is allowed, a second document is not).
    ///
    /// # Errors
    ///
    /// [`ParseError`] where either YAML engine refuses the text, where it nests
    /// deeper than 127 levels, or where it holds several documents.
    pub fn parse(text: &'t str) -> Result<Self, ParseError> {
        Ok(Self::new(text, None, parse::parse(text)?))
    }

    fn new(text: &'t str, excerpt: Option<Excerpt>, Parsed { tree, value, is_plain }: Parsed) -> Self {
        Self { text, excerpt, tree, value, is_plain }
    }

    /// Parses only the entries at `wanted`, if the text allows it (see `yaml::excerpt`);
    /// everything else is then missing from the value.
    ///
    /// # Errors
    ///
    /// As [`Document::parse`].
    pub fn parse_entries(text: &'t str, wanted: Entries) -> Result<Self, ParseError> {
        let Some(excerpt) = Excerpt::take(text, wanted) else { return Self::parse(text) };
        match parse::parse(&excerpt.text) {
            Ok(part) => Ok(Self::new(text, Some(excerpt), part)),
            // The lines of the error would be those of the excerpt.
            Err(_) => Self::parse(text),
        }
    }

    /// The document's value, duplicate keys resolved as Kubernetes does (last wins).
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The text that was not read, where only a part of the document was.
    pub fn unread(&self) -> impl Iterator<Item = &str> {
        self.excerpt.iter().flat_map(|excerpt| excerpt.gaps(self.text))
    }

    /// The document's text, as given to [`Document::parse`].
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The byte range of the node at `pointer`, or of its nearest existing parent, in
    /// a document that was parsed as a whole.
    #[must_use]
    pub fn locate(&self, pointer: &Pointer) -> std::ops::Range<usize> {
        self.tree.locate(pointer)
    }

    /// Where the items of the sequence at `pointer` stand, in a document that was parsed
    /// as a whole; none if it is not a sequence.
    #[must_use]
    pub fn items(&self, pointer: &Pointer) -> Vec<ItemSpan> {
        self.tree.items(self.text, pointer)
    }

    /// The text of the scalar at `pointer` as it is written: `0644`, `yes`, `'quoted'`.
    #[must_use]
    pub fn written(&self, pointer: &Pointer) -> Option<&'t str> {
        Some(&self.text[self.tree.scalar(pointer)?])
    }

    /// The lines of the literal block scalar at `pointer`, if it is one.
    #[must_use]
    pub fn literal(&self, pointer: &Pointer) -> Option<std::ops::Range<usize>> {
        self.tree.literal(pointer)
    }

    /// Applies `patch` and returns the edited text.
    ///
    /// # Errors
    ///
    /// [`EditError::Patch`] where the patch does not fit the value,
    /// [`EditError::Unsupported`] where the YAML shape cannot be edited without
    /// guessing, [`EditError::Proof`] where the edited text would not read as wanted.
    pub fn patch(&self, patch: &Patch) -> Result<String, EditError> {
        let mut wanted = self.value.clone();
        json_patch::patch_unsafe(&mut wanted, patch)?;
        match &self.excerpt {
            Some(excerpt) if !excerpt.covers(&self.value, &wanted) => Self::parse(self.text)?.patch(patch),
            _ => self.rewrite(&wanted),
        }
    }

    /// The same document, of whose items of the sequence at `key` of the root only the places and values are known:
    /// what [`Document::patch_items`] needs of a long list.
    #[must_use]
    pub fn without_items(self, key: &str) -> Self {
        // Aliases may lead there.
        if self.tree.has_aliases { self } else { Self { tree: self.tree.without_items(key), ..self } }
    }

    /// Puts new texts, each with the value that it reads as, in the place of items of the sequence at `key` of the root,
    /// and applies `patch`, which must leave the sequence's items alone but may append to them. Returns the edited text.
    ///
    /// The proof does not read the items that stay (see `yaml::items`).
    ///
    /// # Errors
    ///
    /// As [`Document::patch`].
    pub fn patch_items(
        self,
        key: &str,
        items: Vec<(usize, String, Value)>,
        patch: &Patch,
    ) -> Result<String, EditError> {
        let Self { text, tree, value: mut before, is_plain, .. } = self;
        let spans = tree.items(text, &PointerBuf::from_tokens([key]));
        // Aliases are written out by their values.
        let mut values = match before.get_mut(key) {
            Some(Value::Array(all)) if !tree.has_aliases => all.iter_mut().map(Value::take).collect(),
            Some(Value::Array(all)) => all.clone(),
            _ => Vec::new(),
        };
        let mut wanted = before.clone();
        json_patch::patch_unsafe(&mut wanted, patch)?;
        let edits = splice::splice(text, &tree, &before, &wanted)?;
        drop((tree, before));
        let mut parts = Vec::new();
        let mut stays = vec![true; spans.len()];
        let mut whole_lines = true;
        for (index, text, value) in items {
            let (Some(span), Some(old)) = (spans.get(index), values.get_mut(index)) else {
                return Err(EditError::Unsupported("an item that is not there"));
            };
            // What is below must still begin a line.
            whole_lines &= text.ends_with('\n');
            parts.push((span.range.clone(), text));
            *old = value;
            stays[index] = false;
        }
        let appended = wanted.get_mut(key).and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        let appended = appended.into_iter().skip(values.len());
        let edits = edits.and(parts)?;
        let edited = edits.apply(text);
        let all_of = |values: Vec<Value>| {
            let mut wanted = wanted.clone();
            wanted[key] = Value::Array(values);
            wanted
        };
        let whole = || all_of(values.iter().cloned().chain(appended.clone()).collect());
        let new = || values.iter().zip(&stays).filter(|(_, stays)| !**stays).map(|(value, _)| value.clone());
        let part = items::without(text, edits, &spans, &stays).filter(|_| whole_lines);
        if !is_plain {
            let (text, wanted) = match &part {
                Some(part) => (part, all_of(new().chain(appended.clone()).collect())),
                None => (&edited, whole()),
            };
            if parse::parse(text)?.value != wanted {
                return Err(EditError::Proof);
            }
        }
        let proved = match part {
            Some(part) if proof::reads_as(&part, &all_of(new().chain(appended.clone()).collect())) => {
                debug_assert!(
                    // A large list would take as much memory again, which tests look at.
                    edited.len() > 1 << 20 || proof::reads_as(&edited, &whole()),
                    "the items that stay misled:\n{edited}"
                );
                true
            }
            _ => proof::reads_as(&edited, &whole()),
        };
        if proved { Ok(edited) } else { Err(EditError::Proof) }
    }

    /// Edits the text so that it reads as `wanted`, and proves that it does.
    fn rewrite(&self, wanted: &Value) -> Result<String, EditError> {
        let edits = match &self.excerpt {
            None => splice::splice(self.text, &self.tree, &self.value, wanted)?,
            Some(excerpt) => splice::splice(&excerpt.text, &self.tree, &self.value, wanted)?
                .moved(|range| excerpt.original(range))?,
        };
        let edited = edits.apply(self.text);
        if !self.proves(&edited, wanted) {
            // Perhaps only the first engine takes it, as it does control characters.
            value::read(self.text)?;
            return Err(EditError::Proof);
        }
        if !self.is_plain {
            // The engines differ in what they take: the edited text is to be edited again.
            let part = self.excerpt.as_ref().and_then(|excerpt| excerpt.of_edited(self.text, &edited));
            if parse::parse(part.as_ref().unwrap_or(&edited))?.value != *wanted {
                return Err(EditError::Proof);
            }
        }
        debug_assert!(
            self.excerpt.is_none() || self.part_stands_for_whole(&edited, wanted),
            "the excerpt misled:\n{edited}"
        );
        Ok(edited)
    }

    /// Whether `edited` is this document with nothing changed but its value, which is now `wanted`: the proof that
    /// every edit must stand.
    #[must_use]
    pub fn proves(&self, edited: &str, wanted: &Value) -> bool {
        match &self.excerpt {
            None => proof::reads_as(edited, wanted),
            Some(excerpt) => excerpt.proves(self.text, edited, &self.value, wanted),
        }
    }
}

impl Document<'_> {
    /// What an excerpt's proof rests on, tried on the whole document in debug builds:
    /// with the changes of the part made in the whole, the edited text reads as wanted.
    fn part_stands_for_whole(&self, edited: &str, wanted: &Value) -> bool {
        let (Ok(mut whole), Ok(edited)) = (value::read(self.text), value::read(edited)) else {
            // Broken elsewhere: it comes out as it came in.
            return true;
        };
        graft(&mut whole, &self.value, wanted);
        whole == edited
    }
}

/// Makes in `whole` the changes that lead from `before` to `after`, which are parts of it.
fn graft(whole: &mut Value, before: &Value, after: &Value) {
    match (whole, before, after) {
        (Value::Object(whole), Value::Object(before), Value::Object(after)) => {
            for key in before.keys().filter(|key| !after.contains_key(*key)) {
                whole.shift_remove(key);
            }
            for (key, after) in after {
                match (whole.get_mut(key), before.get(key)) {
                    (Some(whole), Some(before)) => graft(whole, before, after),
                    _ => drop(whole.insert(key.clone(), after.clone())),
                }
            }
        }
        (whole, before, after) if before != after => *whole = after.clone(),
        _ => {}
    }
}

/// The byte order mark that a text may begin with, and the rest, which alone is YAML
/// to both engines.
#[must_use]
pub fn split_byte_order_mark(text: &str) -> (&str, &str) {
    text.split_at(if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 })
}

/// Whether `text` reads as `wanted`: what [`read`] reads from it, without its look at the limits.
#[must_use]
pub fn reads_as(text: &str, wanted: &Value) -> bool {
    let (_, text) = split_byte_order_mark(text);
    proof::reads_as(text, wanted)
}

/// The value of one YAML document, for reading alone: as [`read`] has it, several times as fast where the text is plain.
///
/// # Errors
///
/// As [`Document::parse`].
pub fn value(text: &str) -> Result<Value, ParseError> {
    let (_, text) = split_byte_order_mark(text);
    parse::plain(text).map_or_else(|| read(text), Ok)
}

/// Reads the value of one YAML document by the engine that judges edits.
///
/// # Errors
///
/// As [`Document::parse`].
pub fn read(text: &str) -> Result<Value, ParseError> {
    let (_, text) = split_byte_order_mark(text);
    match parse::check_limits(text) {
        Err(error @ (ParseError::TooDeep { .. } | ParseError::TooMany { .. })) => Err(error),
        // What only yaml-rust2 cannot read, Go still can.
        _ => value::read(text),
    }
}
