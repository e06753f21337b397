//! The real rendered charts.

use std::path::{Path, PathBuf};

/// The folder of real rendered charts: `MILVUS_CHARTS`, or `../shared/charts`.
///
/// `None`, said aloud, where there is none; with `CI=true` that is a failure.
pub(crate) fn charts() -> Option<PathBuf> {
    let folder = std::env::var_os("MILVUS_CHARTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/charts"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    let message = format!("no rendered charts at {}: set MILVUS_CHARTS to their folder", folder.display());
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{message}");
    crate::common::say(&format!("left out: {message}"));
    None
}

/// All `.yaml` files below `folder`, sorted.
pub(crate) fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("a folder that can be read").path();
        if path.is_dir() {
            files.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    files
}
