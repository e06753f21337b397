//! Whether Milvus asks who is there. It does not by default (Milvus configs/milvus.yaml, and "Authenticate User
//! Access"): anyone who reaches it may do everything, by gRPC and by REST.

use super::config::{AUTHORIZATION, Config};
use super::http::is_on;

/// What comes of it.
pub const OFF: &str =
    "Milvus does not ask for a password: anyone who reaches it can read, change and delete everything";

/// How it is mended.
pub const SWITCH_ON: &str = "set common.security.authorizationEnabled to true in user.yaml (operator: spec.config), then \
    change the password of root, `Milvus`";

/// The line of PyMilvus that changes the default password of root.
pub const CHANGE_PASSWORD: &str = r#"client.update_password("root", "Milvus", "NEW-PASSWORD")"#;

/// Whether it is off. Where it is taken from elsewhere (`valueFrom`) nobody knows, and it counts as on.
#[must_use]
pub fn is_off(config: &Config<'_, '_>) -> bool {
    match config.environment(AUTHORIZATION) {
        Some(variable) => variable.value.as_deref().is_some_and(|value| !is_on(value)),
        // Set in two forms it may be either.
        None => !config.in_files(AUTHORIZATION).ok().flatten().is_some_and(|value| is_on(&value)),
    }
}
