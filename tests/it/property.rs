//! Random documents and releases, in random styles: what holds for any input (tests/it/common/properties.rs), and that
//! the style of a release changes nothing in what is done to it.
//!
//! The same cases in every run; `PROPTEST_CASES=N` asks for more of them, `PROPTEST_RNG_SEED=N` for others.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::Path;

use arbitrary::Unstructured;
use milvus_gke_l7::options::Options;
use milvus_gke_l7::stream::Stream;
use milvus_gke_l7::yaml::{self, Document};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestRunner};
use serde_json::{Value, json};

use crate::common::{self, corpus, properties, styled, styled::Liberties};

/// Inputs that a fuzz target once failed on.
#[test]
fn regressions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/regressions");
    let mut tried = 0;
    for folder in fs::read_dir(&root).unwrap() {
        let folder = folder.unwrap().path();
        let target = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let property = properties::of_target(&target).unwrap_or_else(|| panic!("{target} is no target"));
        for file in fs::read_dir(folder).unwrap() {
            let file = file.unwrap().path();
            // Said before, for a panic does not know the file.
            println!("{}", file.display());
            property(&fs::read(&file).unwrap());
            tried += 1;
        }
    }
    assert!(tried > 0, "no regressions in {}", root.display());
}

/// What fuzzing begins with: everything in testdata, each file with another choice of options and command.
#[test]
fn seeds() {
    let files = corpus::yaml_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"));
    assert!(files.len() > 1000, "only {} files", files.len());
    for (number, file) in files.iter().enumerate() {
        let choice = u8::try_from(number % 64).unwrap();
        println!("{} with the choice {choice}", file.display());
        properties::filter(&[&[choice], &*fs::read(file).unwrap()].concat());
    }
}

/// Shapes that random patches were once refused on.
#[test]
fn shapes_that_can_be_edited() {
    for (text, operation, path, wanted) in [
        ("{a: 1,}\n", "remove", "/a", "{}\n"),
        ("a: [x, # c\n  y\n , ]\n", "remove", "/a/1", "a: [x, # c\n   ]\n"),
        ("[x, y,]\n", "remove", "/1", "[x,]\n"),
        ("- |-\n  x\n  y", "add", "/-", "- |-\n  x\n  y\n- 1"),
        ("a: |-\n  x", "add", "/b", "a: |-\n  x\nb: 1"),
        ("{a: }\n", "add", "/b", "{a: , b: 1 }\n"),
    ] {
        let patch = serde_json::from_value(json!([{"op": operation, "path": path, "value": 1}])).unwrap();
        let edited = Document::parse(text).unwrap().patch(&patch);
        assert_eq!(edited.as_deref().ok(), Some(wanted), "{path} of {text:?}: {edited:?}");
    }
}

/// A text in any style reads as its value, by both engines; every position in it is right; any patch is done as
/// RFC 6902 says, on its own lines only, or refused.
#[test]
fn any_document_and_any_patch() {
    let (done, refused) = (Cell::new(0), Cell::new(0));
    let liberties = Liberties { indirect: true, crlf: true };
    run(20_000, &(value(), vec(any::<u8>(), 0..400), vec(any::<u8>(), 8..80)), |(value, style, choices)| {
        let text = styled::document(&value, &mut Unstructured::new(&style), liberties);
        let document = Document::parse(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        assert_eq!(*document.value(), value, "the value of\n{text}");
        properties::tree(text.as_bytes());
        if let Ok(patch) = properties::any_patch(&mut Unstructured::new(&choices), &value) {
            let count = if properties::patched(&document, &patch) { &done } else { &refused };
            count.set(count.get() + 1);
        }
    });
    common::say(&format!("{} patches done, {} refused", done.get(), refused.get()));
    assert!(done.get() > refused.get(), "{} patches done, {} refused", done.get(), refused.get());
}

/// Comparing while reading says what reading and then comparing says, whatever stands twice, is merged, or breaks lines
/// for one of the engines only.
#[test]
fn any_comparison() {
    let (compared, unreadable) = (Cell::new(0), Cell::new(0));
    run(4_000, &odd_text(), |text| {
        properties::proof(&text, 20);
        let count = if yaml::read(&text).is_ok() { &compared } else { &unreadable };
        count.set(count.get() + 1);
    });
    common::say(&format!("{} texts compared, {} unreadable", compared.get(), unreadable.get()));
    assert!(compared.get() > unreadable.get(), "{} of the texts are unreadable", unreadable.get());
}

/// Texts of few keys and values, so that most stand twice.
fn odd_text() -> impl Strategy<Value = String> {
    const KEYS: &str = r#"a b 'a' "b" 1 0x1 1.0 '1' ~ null true << << '<<' "\N""#;
    const SCALARS: &str = "1 2 '1' 0x1 1.0 1e0 1:1 .inf -.inf .nan -0.0 -1 ~ '' a b true 'true' \"a\u{85}b\" 'a\u{2028}b' \
        18446744073709551616 9223372036854775808 -9223372036854775809 *n *x *y *z *x *y";
    const TAGGED: &[&str] = &["", "!x 1", "!!str 1", "!!int '1'", "!!float 1", "!!null ''", "!x {a: 1}", "!x [1]"];
    const BREAKS: &[&str] = &["", "\n ", "\r\n ", "\u{85} ", "\u{2028} ", " # c\u{85} ", " # c: 1\n "];
    let words = |words: &'static str| select(words.split(' ').collect::<Vec<_>>());
    let scalar = prop_oneof![6 => words(SCALARS), 1 => select(TAGGED)].prop_map(str::to_owned);
    let node = scalar.prop_recursive(3, 16, 4, move |inner| {
        let entry = (words(KEYS), inner.clone(), select(BREAKS));
        let entry = entry.prop_map(|(key, value, line_break)| format!("{key} : {value} {line_break}"));
        prop_oneof![
            4 => vec(entry, 0..5).prop_map(|entries| format!("{{{}}}", entries.join(", "))),
            1 => vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(", "))),
            1 => inner.clone().prop_map(|inner| format!("{{<<: [*x, *y, *z], a: {inner}}}")),
            // The same entry twice.
            1 => inner.prop_map(|inner| format!("{{a: {inner}, b: 1, a: {inner}}}")),
        ]
    });
    let ends = select(&["\n", "\r\n", "\u{85}", "\u{2029}", " # c\u{85}", "\n# c\u{2028}", " # c\u{2029}a: 1\n"]);
    let line = (words(KEYS), node, ends).prop_map(|(key, value, end)| format!("{key} : {value}{end}"));
    vec(line, 0..6)
        .prop_map(|lines| format!("n: &n 1\nx: &x {{a: 1, b: 2}}\ny: &y {{b: 1, c: &z {{a: 2}}}}\n{}", lines.concat()))
}

/// A release in any style, with other documents between, changes as the sample does.
#[test]
fn any_style_of_a_release() {
    let sample = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml")).unwrap();
    let options: Options =
        serde_json::from_value(json!({"hosts": ["milvus.example.com"], "release": "my-release"})).unwrap();
    let settings = options.settings().unwrap();
    let wanted = without_checksum(objects(&properties::output(&sample, &settings).unwrap()));
    let release: Vec<Value> = objects(&sample).into_values().collect();
    let order = Just(release).prop_shuffle();
    run(400, &(order, others(), vec(any::<u8>(), 0..3000), 0..4_u8), |(release, others, style, form)| {
        let choices = &mut Unstructured::new(&style);
        let (stream, kept) = if form == 0 { list(&release, choices) } else { stream(&release, &others, choices) };
        let shown = String::from_utf8_lossy(&stream).into_owned();
        properties::filtered(&stream, &settings).unwrap_or_else(|why| panic!("{why}\n{shown}"));
        let output = properties::output(&stream, &settings).unwrap();
        let (before, after) = (without_checksum(objects(&stream)), without_checksum(objects(&output)));
        for (name, value) in &wanted {
            assert_eq!(after.get(name), Some(value), "{name} of\n{shown}");
        }
        for (name, value) in before.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
            assert_eq!(after.get(name), Some(value), "{name} of\n{shown}");
        }
        let mut at = 0;
        for document in kept {
            let found = memchr::memmem::find(&output[at..], &document);
            at += found.unwrap_or_else(|| panic!("lost:\n{}\nof\n{shown}", String::from_utf8_lossy(&document)));
        }
    });
}

fn run<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value)) {
    let said = |name| env::var(name).ok().and_then(|value: String| value.parse().ok());
    let config = Config {
        cases: said("PROPTEST_CASES").map_or(cases, |cases: u64| cases as u32),
        rng_seed: RngSeed::Fixed(said("PROPTEST_RNG_SEED").unwrap_or(1)),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/property.regressions"))),
        source_file: Some(file!()),
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(strategy, |value| {
        property(value);
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
}

/// Values with few distinct parts, so that some of them are equal and may be aliases.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        3 => select(TEXTS).prop_map(str::to_owned),
        1 => "[a-z]{1,4}( [a-z]{1,4}){0,4}",
        1 => "[ -~é\n\t]{0,24}",
    ];
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => (-3..3000_i64).prop_map(Value::from),
        1 => (-64..64_i32).prop_map(|eighths| json!(f64::from(eighths) / 8.0)),
        5 => text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            2 => (subsequence(KEYS, 0..6), vec(inner.clone(), 6)).prop_map(|(keys, values)| {
                Value::Object(keys.into_iter().map(str::to_owned).zip(values).collect())
            }),
            1 => vec(inner, 0..5).prop_map(Value::Array),
        ]
    })
}

const KEYS: &[&str] = &[
    "a",
    "b",
    "name",
    "kind",
    "metadata",
    "annotations",
    "spec",
    "template",
    "volumes",
    "two words",
    "",
    "é: #",
    "true",
    "0",
];

const TEXTS: &[&str] = &[
    "",
    "x",
    "milvus",
    "it's: a #value",
    "true",
    "0777",
    "- a",
    "one\ntwo",
    "one\ntwo\n",
    "one\n  two\n\n\nthree\n\n",
    "  lead\nrest",
    "\ttab\nrest",
    "\n",
    "\nx\n",
    "x \ny",
    "cr\r\nlf",
    "bell\u{7}",
    "é\n€\u{1d11e}",
    "---\n",
    "# no\n# comment\n",
    "a: |\n  b\n",
    "trailing\n\n\n",
    "\"quoted\"",
    "c:\\path",
    "100%",
    "1.5",
    "x\n \n",
    "{\"ingress\": true}",
];

/// Documents between those of the release.
fn others() -> impl Strategy<Value = Vec<Other>> {
    let other = prop_oneof![value().prop_map(Other::Object), Just(Other::Release), select(RAW).prop_map(Other::Raw),];
    vec(other, 0..4)
}

#[derive(Debug, Clone)]
enum Other {
    /// An object of no interest, that holds this.
    Object(Value),
    /// All of another release.
    Release,
    /// Bytes that nobody may look at.
    Raw(&'static [u8]),
}

const RAW: &[&[u8]] = &[
    b"# only a comment\n",
    b"",
    b"\n\n",
    b"kind: Broken\na: [\n",
    b"kind: Latin\na: caf\xe9\n",
    b"kind: Tabs\n\ta: 1\n",
    b"kind: Two\nkind2: {\n...\n",
    b"kind: Blanks   \na: |\n  x   \n\n\n",
];

/// The release as a stream. Tells as well the documents that must stay, in their order.
fn stream(release: &[Value], others: &[Other], choices: &mut Unstructured<'_>) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut stream = Vec::new();
    let mut kept = Vec::new();
    let mut others = others.iter().enumerate().peekable();
    for object in release {
        push(&mut stream, &restyled(object, choices), choices);
        let between = choices.ratio(1, 3).unwrap_or(false);
        let Some((number, other)) = others.next_if(|_| between) else { continue };
        let texts = match other {
            Other::Raw(bytes) => vec![bytes.to_vec()],
            Other::Object(value) => {
                let object = json!({"kind": "Other", "metadata": {"name": format!("other-{number}")}, "value": value});
                vec![styled::document(&object, choices, Liberties { indirect: true, crlf: true }).into_bytes()]
            }
            Other::Release => release.iter().map(|object| restyled(&renamed(object, number), choices)).collect(),
        };
        for text in texts {
            push(&mut stream, &text, choices);
            kept.push(text);
        }
    }
    (stream, kept)
}

fn push(stream: &mut Vec<u8>, document: &[u8], choices: &mut Unstructured<'_>) {
    if !stream.is_empty() && !stream.ends_with(b"\n") {
        stream.push(b'\n');
    }
    let separators: [&[u8]; 4] = [b"---\n", b"---\n", b"---  \r\n", b"--- # next\n"];
    if !stream.is_empty() || choices.ratio(1, 2).unwrap_or(false) {
        stream.extend(*choices.choose(&separators).unwrap_or(&separators[0]));
    }
    stream.extend(document);
}

/// The release as the items of a list.
fn list(release: &[Value], choices: &mut Unstructured<'_>) -> (Vec<u8>, Vec<Vec<u8>>) {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": release});
    (restyled(&list, choices), Vec::new())
}

fn restyled(object: &Value, choices: &mut Unstructured<'_>) -> Vec<u8> {
    let text = styled::document(object, choices, Liberties { indirect: false, crlf: true });
    assert_eq!(yaml::read(&text).as_ref(), Ok(object), "the value of\n{text}");
    text.into_bytes()
}

/// The same object of another release.
fn renamed(object: &Value, number: usize) -> Value {
    serde_json::from_str(&object.to_string().replace("my-release", &format!("their-release-{number}"))).unwrap()
}

/// The objects without what depends on how a ConfigMap is written.
fn without_checksum(mut objects: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    for object in objects.values_mut() {
        if let Some(sum) = object.pointer_mut("/spec/template/metadata/annotations/checksum~1config") {
            *sum = Value::Null;
        }
    }
    objects
}

/// The objects of a stream or a list by kind and name.
fn objects(stream: &[u8]) -> BTreeMap<String, Value> {
    let split = Stream::split(stream);
    let texts = split.ids().filter_map(|id| std::str::from_utf8(split.body(id)).ok());
    let values = texts.filter_map(|text| yaml::read(text).ok());
    let values = values.flat_map(|value| match value.get("items") {
        Some(Value::Array(items)) => items.clone(),
        _ => vec![value],
    });
    let mut objects = BTreeMap::new();
    for value in values.filter(Value::is_object) {
        let name = value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        let name = format!("{} {name}", value["kind"].as_str().unwrap_or_default());
        objects.insert(name, value);
    }
    objects
}
