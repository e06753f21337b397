//! The page of `site/` in a real Chromium, from a folder and from a web server: sample, diff, findings, a refusal with its
//! line, one megabyte; what it makes is what the program makes, and nothing leaves the browser (tests/site/drive.mjs).

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common;

#[test]
fn people_try_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = root.join("target/site/index.html");
    if !page.is_file() {
        return common::left_out("page", "run scripts/site.sh");
    }
    let (Some(node), Some(chromium)) = (common::system_program("node"), common::ci_program("CHROMIUM", "chromium"))
    else {
        return;
    };
    let sample = root.join("testdata/sample/rendered.yaml");
    let output = common::run(&["--host=milvus.example.com".to_owned()], &[], &fs::read(&sample).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let expected = folder.path().join("expected.yaml");
    fs::write(&expected, output.stdout).unwrap();
    let mut drive = Command::new(node);
    drive.arg(root.join("tests/site/drive.mjs")).args([&chromium, &page, &sample, &expected]);
    drive.arg(root.join("testdata/cases/refuse/tlsmode-2/stdin.yaml"));
    let output = drive.output().unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{said}");
    common::say(&said);
}
