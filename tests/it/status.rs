//! `status` and `notes`: every folder of `testdata/status` and `testdata/notes` is one run, compared byte for byte.
//!
//! `args` holds one argument per line, `stdin.yaml` the input and `status` the exit status. `UPDATE=1 cargo test
//! status` writes what is compared, `stdout.txt` and `stderr.txt`; it never writes `status`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

use crate::common::{Run, diff, recorded, run_in, schema::check};

struct Case {
    name: String,
    folder: PathBuf,
    run: Run,
    status: i32,
}

#[test]
fn output_is_byte_for_byte_as_recorded() {
    let mut failures = Vec::new();
    let cases: Vec<_> = ["status", "notes"].into_iter().flat_map(cases).collect();
    for Case { name, folder, run, status } in &cases {
        if run.status != Some(*status) {
            let stderr = String::from_utf8_lossy(&run.stderr);
            failures.push(format!("{name}: ended with {:?} instead of {status}\n{stderr}", run.status));
            continue;
        }
        for (file, text) in [("stdout.txt", &run.stdout), ("stderr.txt", &run.stderr)] {
            let difference = recorded(&folder.join(file), text);
            if !difference.is_empty() {
                failures.push(format!("{name}: {file} differs (- recorded, + now)\n{difference}"));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} differences in {} cases (UPDATE=1 records the output as it is now)\n\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n"),
    );
}

/// Scripts go by the exit status, people by the last line.
#[test]
fn the_last_line_says_what_the_exit_status_says() {
    let mut seen = [0; 3];
    for Case { name, run, .. } in cases("status") {
        let stdout = String::from_utf8(run.stdout).unwrap();
        let Some(last) = stdout.lines().last() else {
            assert!(!run.stderr.is_empty() && matches!(run.status, Some(1 | 2)), "{name}: no word");
            continue;
        };
        let (index, status) = match last.split([' ', ':']).next().unwrap() {
            "ready" => (0, 0),
            "waiting" => (1, 3),
            "broken" => (2, 1),
            other => panic!("{name}: the last line begins with {other}"),
        };
        assert_eq!(run.status, Some(status), "{name}: {last}");
        let is_shown = stdout.contains("from pymilvus import MilvusClient");
        assert_eq!(is_shown, status == 0, "{name}: how to connect is shown if it is ready");
        seen[index] += 1;
    }
    assert!(seen.iter().all(|&count| count > 5), "{seen:?}");
}

/// What is told as data has the form of the published schema, and says the same as the text.
#[test]
fn data_fits_its_schema_and_the_text() {
    for (command, least) in [("status", 100), ("notes", 10)] {
        let schema = run_in(root(), &["schema".to_owned(), command.to_owned()], &[], b"").stdout;
        let schema: Value = serde_json::from_slice(&schema).unwrap();
        let mut compared = 0;
        for Case { name, folder, run, .. } in cases(command) {
            let mut args = arguments(command, &folder);
            args.push("--output=json".to_owned());
            let data = run_in(&folder, &args, &[], &fs::read(folder.join("stdin.yaml")).unwrap());
            assert_eq!(data.status, run.status, "{name}");
            assert_eq!(data.stderr, run.stderr, "{name}");
            assert_eq!(data.stdout.is_empty(), run.stdout.is_empty(), "{name}");
            let Ok(value) = serde_json::from_slice::<Value>(&data.stdout) else { continue };
            let mut wrong = Vec::new();
            check(&schema, &value, "", &mut wrong);
            assert!(wrong.is_empty(), "{name}: {wrong:#?}");
            let text = String::from_utf8(run.stdout).unwrap();
            match command {
                "status" => says_the_status(&name, &value, &text, args.iter().any(|arg| arg == "--wait-hint")),
                _ => says_the_notes(&name, &value, &text),
            }
            compared += 1;
        }
        assert!(compared > least, "{command}: only {compared} were compared");
    }
}

fn says_the_status(name: &str, value: &Value, text: &str, wait_hint: bool) {
    let mut lines = Vec::new();
    for step in value["steps"].as_array().unwrap() {
        lines.push(format!("{:<7}  {}", string(&step["state"]), string(&step["title"])));
        lines.extend(strings(&step["details"]).map(|detail| format!("         {detail}")));
        lines.extend(strings(&step["todo"]).map(|todo| format!("         to do: {todo}")));
        let usually = step["usually"].as_str().filter(|_| wait_hint);
        lines.extend(usually.map(|usually| format!("         usually: {usually}")));
    }
    // Only what is for a terminal is escaped.
    if !name.ends_with("-hostile") {
        assert!(text.starts_with(&lines.join("\n")), "{name}:\n{}\n{text}", lines.join("\n"));
    }
    let message = string(&value["message"]);
    assert_eq!(text.lines().last(), Some(message), "{name}");
    assert_eq!(message.split([' ', ':']).next(), value["verdict"].as_str(), "{name}");
    let others = value["others"].as_array().unwrap();
    for through in [value].into_iter().chain(others) {
        let connection = &through["connection"];
        assert_eq!(connection.is_object(), message == "ready", "{name}");
        if connection.is_object() {
            let uri = format!("uri=\"https://{}:{}\"", string(&connection["host"]), connection["port"]);
            assert!(strings(&connection["pymilvus"]).any(|line| line.contains(&uri)), "{name}: {uri}");
            says_how_to_connect(name, connection, text);
        }
    }
}

fn says_the_notes(name: &str, value: &Value, text: &str) {
    for (index, step) in value["steps"].as_array().unwrap().iter().enumerate() {
        let words = format!("{}. {}", index + 1, string(&step["words"]));
        let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(unwrapped.contains(&words.split_whitespace().collect::<Vec<_>>().join(" ")), "{name}: {words}");
        for line in strings(&step["commands"]).flat_map(str::lines) {
            assert!(text.lines().any(|shown| shown == format!("   {line}")), "{name}: {line}");
        }
    }
    says_how_to_connect(name, &value["connection"], text);
}

fn says_how_to_connect(name: &str, connection: &Value, text: &str) {
    for block in ["pymilvus", "pymilvus_connections", "curl"].map(|block| &connection[block]) {
        let block = block.as_array().into_iter().flatten().map(string).collect::<Vec<_>>().join("\n");
        assert!(text.contains(&block), "{name}: {block}");
    }
    for words in strings(&connection["authentication"]).chain(connection["dns"].as_str()) {
        assert!(text.lines().any(|line| line == words), "{name}: {words}");
    }
    if connection["certificate"].is_object() {
        assert!(text.contains(string(&connection["certificate"]["command"])), "{name}");
    }
    let arguments = strings(&connection["pymilvus"]).collect::<String>();
    for argument in ["server_name", "server_pem_path"] {
        let given = connection[argument].as_str().map(|value| format!("{argument}=\"{value}\""));
        let is_given = given.as_ref().is_some_and(|given| arguments.contains(given));
        assert_eq!(is_given, arguments.contains(argument), "{name}: {argument}");
    }
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().map(string)
}

/// The example of docs/status.md is what the program says.
#[test]
fn the_example_of_the_page_is_current() {
    let path = root().join("docs/status.md");
    let page = fs::read_to_string(&path).unwrap();
    let (opening, closing) = ("<!-- example -->\n", "<!-- /example -->");
    let start = page.find(opening).expect("an example") + opening.len();
    let end = page.find(closing).expect("its end");
    let run = case("status", root().join("testdata/status/managed-not-visible")).run;
    let wanted = format!("```text\n{}```\n", String::from_utf8(run.stdout).unwrap());
    let difference = recorded(&path, format!("{}{wanted}{}", &page[..start], &page[end..]).as_bytes());
    assert!(difference.is_empty(), "UPDATE=1 writes it\n{difference}");
}

/// What others wrote into the objects cannot forge a last line, nor reach the terminal as an escape code.
#[test]
fn texts_of_others_stay_on_their_line() {
    let case = root().join("testdata/status/event-hostile");
    let run = run_in(&case, &["status".to_owned()], &[], &fs::read(case.join("stdin.yaml")).unwrap());
    let stdout = String::from_utf8(run.stdout).unwrap();
    assert!(!stdout.lines().any(|line| line == "ready"), "{stdout}");
    assert!(!stdout.contains('\u{1b}') && stdout.contains("ready"), "{stdout}");
}

/// Whether the objects come as YAML or JSON, as a list or one by one, is the same.
#[test]
fn every_form_of_input_tells_the_same() {
    let folder = root().join("testdata/status/managed-not-visible");
    let text = fs::read_to_string(folder.join("stdin.yaml")).unwrap();
    let list: Value = serde_yaml::from_str(&text).unwrap();
    let objects = list["items"].as_array().unwrap();
    let one_by_one =
        |text: fn(&Value) -> String, between: &str| objects.iter().map(text).collect::<Vec<_>>().join(between);
    let json = |object: &Value| format!("{object:#}");
    let yaml = |object: &Value| serde_yaml::to_string(object).unwrap();
    let told = |input: &str| run_in(&folder, &["status".to_owned()], &[], input.as_bytes()).stdout;
    let expected = told(&text);
    assert!(!expected.is_empty());
    for input in [
        list.to_string(),
        format!("{list:#}"),
        one_by_one(json, "\n"),
        one_by_one(json, "\n---\n"),
        one_by_one(yaml, "---\n"),
    ] {
        assert_eq!(String::from_utf8_lossy(&told(&input)), String::from_utf8_lossy(&expected), "{input}");
    }
}

/// A refusal of the filter is one of `notes`.
#[test]
fn notes_refuse_what_the_filter_refuses() {
    let mut compared = 0;
    for folder in entries(&root().join("testdata/cases/refuse")) {
        let args = fs::read_to_string(folder.join("args")).unwrap();
        let input = fs::read(folder.join("stdin.yaml")).unwrap();
        // Wrong usage names the command.
        let is_refused = fs::read_to_string(folder.join("status")).unwrap() == "1\n";
        if !is_refused || args.lines().any(|line| line.starts_with("env ")) {
            continue;
        }
        let args: Vec<_> = args.lines().map(str::to_owned).collect();
        let notes = [&["notes".to_owned()], &args[..]].concat();
        let (filter, notes) = (run_in(&folder, &args, &[], &input), run_in(&folder, &notes, &[], &input));
        assert_eq!(notes.status, filter.status, "{}", folder.display());
        assert_eq!(String::from_utf8_lossy(&notes.stderr), String::from_utf8_lossy(&filter.stderr));
        assert!(notes.stdout.is_empty(), "{}", folder.display());
        compared += 1;
    }
    assert!(compared > 40, "only {compared} were compared");
}

/// The `helm upgrade` that `notes` prints asks for the same, wherever it was asked for.
#[test]
fn the_command_of_the_notes_asks_for_the_same() {
    let mut compared = 0;
    let folders = ["options", "config"].map(|group| entries(&root().join("testdata/cases").join(group))).concat();
    for folder in folders {
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
        let input = read("stdin.yaml");
        if read("status") != "0\n" || input.contains("kind: ResourceList") {
            continue;
        }
        let args = read("args");
        let (vars, args): (Vec<_>, Vec<_>) = args.lines().partition(|line| line.starts_with("env "));
        // A legacy plugin's file is no flag.
        if args.iter().any(|argument| argument.starts_with("./"))
            && !args.iter().any(|argument| argument.starts_with("--config"))
        {
            continue;
        }
        let vars: Vec<_> = vars
            .iter()
            .map(|line| line["env ".len()..].split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let args: Vec<_> = ["notes"].into_iter().chain(args).map(str::to_owned).collect();
        let notes = run_in(&folder, &args, &vars, input.as_bytes());
        let text = String::from_utf8(notes.stdout).unwrap();
        assert_eq!(notes.status, Some(0), "{}: {}", folder.display(), String::from_utf8_lossy(&notes.stderr));
        let flags: Vec<_> = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("--post-renderer-args "))
            .map(|flag| flag.trim_end_matches(" \\").replace('\'', ""))
            .collect();
        let again = run_in(&folder, &flags, &[], input.as_bytes());
        assert_eq!(again.status, Some(0), "{}: {flags:?}", folder.display());
        let difference = diff(read("stdout.yaml").as_bytes(), &again.stdout);
        assert!(difference.is_empty(), "{}: {flags:?}\n{difference}", folder.display());
        compared += 1;
    }
    assert!(compared > 30, "only {compared} were compared");
}

/// All cases below a folder of `testdata`, run.
fn cases(command: &str) -> Vec<Case> {
    let folders = entries(&root().join("testdata").join(command));
    assert!(!folders.is_empty(), "{command}: no cases");
    folders.into_iter().map(|folder| case(command, folder)).collect()
}

fn case(command: &str, folder: PathBuf) -> Case {
    let name = format!("{command}/{}", folder.file_name().unwrap().display());
    for file in entries(&folder) {
        let known =
            ["args", "stdin.yaml", "status", "stdout.txt", "stderr.txt"].iter().any(|known| file.ends_with(known));
        assert!(known, "{name}: nothing reads {}", file.display());
    }
    let read =
        |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_else(|_| panic!("{name}: {file} is missing"));
    let status = read("status").trim_end().parse().unwrap_or_else(|_| panic!("{name}: status is no number"));
    let args = arguments(command, &folder);
    let run = run_in(&folder, &args, &[], &fs::read(folder.join("stdin.yaml")).unwrap());
    Case { name, folder, run, status }
}

fn arguments(command: &str, folder: &Path) -> Vec<String> {
    let args = fs::read_to_string(folder.join("args")).unwrap();
    [command].into_iter().chain(args.lines()).map(str::to_owned).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What `status` calls broken in the objects themselves, `check` calls an error. What GKE and Google have said of them,
/// in events, in conditions and in the state of a certificate, `check` does not hear.
#[test]
fn check_agrees() {
    let mut compared = 0;
    for folder in entries(&root().join("testdata/status")) {
        let text = fs::read_to_string(folder.join("stdin.yaml")).unwrap();
        let Ok(mut list) = serde_yaml::from_str::<Value>(&text) else { continue };
        let Some(items) = list.get_mut("items").and_then(Value::as_array_mut) else { continue };
        let is = |object: &Value, kind: &str| object.get("kind").is_some_and(|found| found == kind);
        items.retain(|object| !is(object, "Event"));
        let says = ["ManagedCertificate", "Gateway", "HTTPRoute", "HealthCheckPolicy", "Milvus"];
        items.iter_mut().filter(|object| says.iter().any(|kind| is(object, kind))).for_each(|object| {
            object.as_object_mut().unwrap().shift_remove("status");
        });
        let silent = list.to_string();
        let args = fs::read_to_string(folder.join("args")).unwrap();
        let status: Vec<_> = ["status"].into_iter().chain(args.lines()).map(str::to_owned).collect();
        let run = run_in(&folder, &status, &[], silent.as_bytes());
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        if run.status != Some(1) || said.is_empty() {
            continue;
        }
        let check = run_in(&folder, &["check".to_owned()], &[], silent.as_bytes());
        assert_eq!(check.status, Some(1), "{}: check finds no error; status:\n{said}", folder.display());
        compared += 1;
    }
    assert!(compared > 5, "only {compared} were broken");
}
