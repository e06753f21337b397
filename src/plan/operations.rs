//! RFC 6902 operations, each preceded by a `test` of what was recognised, so that a
//! patch that is applied to anything else fails instead of doing harm.

use json_patch::jsonptr::{Pointer, PointerBuf};
use json_patch::{AddOperation, Patch, PatchOperation, RemoveOperation, ReplaceOperation, TestOperation};
use serde_json::Value;

use crate::kube::object::HELM4_FILENAME;
use crate::kube::value::pointer;

/// Operations on one value.
pub(super) struct Operations<'v> {
    value: &'v Value,
    operations: Vec<PatchOperation>,
}

impl<'v> Operations<'v> {
    pub(super) fn new(value: &'v Value) -> Self {
        Self { value, operations: Vec::new() }
    }

    pub(super) fn value(&self) -> &'v Value {
        self.value
    }

    /// Sets what stands at `path`, if it is another value or missing.
    pub(super) fn set(&mut self, path: PointerBuf, value: Value) {
        match self.get(&path) {
            Some(old) if *old == value => {}
            Some(_) => {
                self.test(&path);
                self.operations.push(PatchOperation::Replace(ReplaceOperation { path, value }));
            }
            None => self.operations.push(PatchOperation::Add(AddOperation { path, value })),
        }
    }

    /// Adds an item to the end of the array at `path`.
    pub(super) fn append(&mut self, path: &Pointer, value: Value) {
        let path = path.with_trailing_token("-");
        self.operations.push(PatchOperation::Add(AddOperation { path, value }));
    }

    /// Removes what stands at `path`, if anything does.
    pub(super) fn remove(&mut self, path: PointerBuf) {
        if self.get(&path).is_some() {
            self.test(&path);
            self.operations.push(PatchOperation::Remove(RemoveOperation { path }));
        }
    }

    /// Helm 4 marks the annotations of a document and takes its mark out again afterwards. Where others
    /// share these annotations by an alias, which an edit may write out, the mark would stay.
    fn remove_stray_marks(&mut self) {
        let mut found = Vec::new();
        stray_marks(self.value, &mut Vec::new(), &mut found);
        found.into_iter().for_each(|path| self.remove(path));
    }

    fn get(&self, path: &Pointer) -> Option<&'v Value> {
        path.resolve(self.value).ok()
    }

    fn test(&mut self, path: &Pointer) {
        if let Some(value) = self.get(path) {
            let test = TestOperation { path: path.to_buf(), value: value.clone() };
            self.operations.push(PatchOperation::Test(test));
        }
    }

    /// The patch; if it does anything, it begins with tests of the values at `paths`.
    pub(super) fn recognised<'p>(mut self, paths: impl IntoIterator<Item = &'p str>) -> Patch {
        let changes = std::mem::take(&mut self.operations);
        if !changes.is_empty() {
            for path in paths {
                self.test(&pointer(path.split('/')));
            }
        }
        let changed = !changes.is_empty();
        self.operations.extend(changes);
        if changed {
            self.remove_stray_marks();
        }
        Patch(self.operations)
    }
}

fn stray_marks<'v>(value: &'v Value, above: &mut Vec<&'v str>, found: &mut Vec<PointerBuf>) {
    let Value::Object(mapping) = value else { return };
    for (key, value) in mapping {
        let is_mark = key == HELM4_FILENAME && *above != ["metadata", "annotations"];
        above.push(key);
        if is_mark {
            found.push(pointer(above.iter().copied()));
        } else {
            stray_marks(value, above, found);
        }
        above.pop();
    }
}
