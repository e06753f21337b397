//! Changes to `user.yaml`, which holds the user's settings.

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation, ReplaceOperation, TestOperation};
use serde_json::{Map, Value};

use crate::milvus::config::{Config, Setting};
use crate::report::refusal::Refusal;

/// The settings as they will be, and the operations that make them so.
pub(in crate::plan) struct UserYaml<'r, 'i> {
    pub(in crate::plan) config: Config<'r, 'i>,
    operations: Vec<PatchOperation>,
}

impl<'r, 'i> UserYaml<'r, 'i> {
    pub(in crate::plan) fn new(config: Config<'r, 'i>) -> Self {
        Self { config, operations: Vec::new() }
    }

    /// Sets it where it is set already, or nested.
    pub(in crate::plan) fn set(&mut self, setting: Setting, value: Value) -> Result<(), Refusal> {
        if let Some(leaf) = self.config.in_user_yaml(setting)? {
            if leaf.value != value {
                let path = leaf.path;
                self.push(PatchOperation::Test(TestOperation { path: path.clone(), value: leaf.value }));
                self.push(PatchOperation::Replace(ReplaceOperation { path, value }));
            }
            return Ok(());
        }
        let mut at = PointerBuf::root();
        let mut parent = &self.config.user;
        for (depth, key) in setting.keys.iter().enumerate() {
            let rest = &setting.keys[depth..];
            match parent {
                Value::Null => {
                    let value = nested(rest, value);
                    self.push(PatchOperation::Add(AddOperation { path: at, value }));
                    return Ok(());
                }
                Value::Object(mapping) => match entry(mapping, key) {
                    Some((name, child)) => {
                        at.push_back(name.as_str());
                        parent = child;
                    }
                    None => {
                        at.push_back(*key);
                        let value = nested(&rest[1..], value);
                        self.push(PatchOperation::Add(AddOperation { path: at, value }));
                        return Ok(());
                    }
                },
                _ => break,
            }
        }
        Err(self.config.refuse_scalar(at))
    }

    fn push(&mut self, operation: PatchOperation) {
        // The operations are made from the value they apply to: they cannot fail.
        let applied = json_patch::patch_unsafe(&mut self.config.user, std::slice::from_ref(&operation));
        debug_assert!(applied.is_ok(), "{operation} does not apply");
        self.operations.push(operation);
    }

    /// The patch of `user.yaml`.
    pub(in crate::plan) fn finish(self) -> Patch {
        Patch(self.operations)
    }
}

/// The entry that Milvus reads as `key`: the exact spelling first, then any.
fn entry<'v>(mapping: &'v Map<String, Value>, key: &str) -> Option<(&'v String, &'v Value)> {
    let nestable = |value: &Value| value.is_object() || value.is_null();
    let exact = mapping.get_key_value(key);
    exact.or_else(|| mapping.iter().find(|(name, value)| name.eq_ignore_ascii_case(key) && nestable(value)))
}

fn nested(keys: &[&str], value: Value) -> Value {
    keys.iter().rev().fold(value, |value, key| Value::Object(Map::from_iter([((*key).to_owned(), value)])))
}
