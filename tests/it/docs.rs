//! What the documentation has from the program is what the program says today
//! (`UPDATE=1` writes it).

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::builder::StyledStr;
use clap::{Arg, Args as _, Command};
use milvus_gke_l7::check::report;
use milvus_gke_l7::options::{Field, Options};
use milvus_gke_l7::report::mistaken::Mistaken;
use milvus_gke_l7::settings::Preset;
use regex_lite::Regex;

use crate::common;

#[test]
fn table_of_options() {
    let command = Options::augment_args(Command::new(""));
    let mut text = String::new();
    let mut heading = "";
    let all = command.get_arguments().zip(Field::ALL);
    for (argument, field) in all.filter(|(argument, _)| !argument.is_hide_set()) {
        let of = argument.get_help_heading().unwrap_or_default();
        if of != heading {
            heading = of;
            write!(text, "\n### {heading}\n\n| flag | field | meaning |\n| --- | --- | --- |\n").unwrap();
        }
        writeln!(text, "{}", row(argument, *field)).unwrap();
    }
    current("docs/configuration.md", "options", &text);
}

#[test]
fn table_of_the_preset() {
    let rows = Preset::Production
        .choices()
        .iter()
        .map(|choice| format!("| `{}` | `{}` | {} |\n", choice.field.flag(), choice.value, choice.why));
    let text = format!("\n| option | value | why |\n| --- | --- | --- |\n{}", rows.collect::<String>());
    current("docs/configuration.md", "preset", &text);
}

fn row(argument: &Arg, field: Field) -> String {
    let is_optional = argument.get_num_args().is_some_and(|range| range.min_values() == 0);
    let is_list = argument.get_value_delimiter().is_some();
    let value = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    let flag = argument.get_long().unwrap();
    let is_switch = is_optional && value == "true|false";
    let flag = match (is_switch, is_optional) {
        (true, _) => format!("`--{flag}`"),
        (_, true) => format!("`--{flag}[={value}]`"),
        _ => format!("`--{flag} {value}`"),
    };
    let kind = match (is_switch, is_list) {
        (true, _) => ", true or false",
        (_, true) => ", a list",
        _ => "",
    };
    let field = field.name();
    let said = |help: Option<&StyledStr>| help.map(ToString::to_string).unwrap_or_default();
    let (first, long) = (said(argument.get_help()), said(argument.get_long_help()));
    let rest = long.strip_prefix(&first).unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let meaning = if rest.is_empty() { first } else { format!("{first}. {rest}") };
    format!("| {} | `{field}`{kind} | {} |", flag.replace('|', "\\|"), meaning.replace('|', "\\|"))
}

#[test]
fn table_of_rules() {
    current("docs/rules.md", "rules", &report::table());
}

#[test]
fn table_of_what_is_read_by_mistake() {
    let mut text = "\n| found | why it is refused | what to do |\n| --- | --- | --- |\n".to_owned();
    let cell = |text: &str| text.replace('|', "\\|");
    for Mistaken { what, why, help, .. } in Mistaken::ALL {
        writeln!(text, "| {} | {} | {} |", cell(what), cell(why), cell(help)).unwrap();
    }
    current("docs/refusals.md", "mistaken", &text);
}

/// What `benches/compare --write` writes stands where it is to stand, whole. The figures are not judged.
#[test]
fn table_of_speed() {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/speed.md")).unwrap();
    let text = &document[part(&document, "docs/speed.md", "speed")];
    let (ms, signed) = (r"\d+\.\d\d", r"[+-]\d+\.\d\d");
    let row = format!(r"\| [^|]+ \| [^|]+ \| {ms} \| {ms} \| {ms} \| {signed} \| [\d.]+");
    let form = [
        r"Measured on \d{4}-\d\d-\d\d: .+, load [\d.]+; Linux .+; rustc .+; GNU coreutils .+\. Input: .+\.yaml\.",
        "",
        r"\| \| edits \| \d+ KB: ms \| min \| ± \| to `cat` \| peak, MB \| 100 MB: ms \| to `cat` \| peak, MB \|",
        r"\| --- \| --- \|( ---: \|){8}",
        &format!(r"({row} \| (\d+ \| [+-]\d+ \| [\d.]+|[a-z][^|]* \| \|) \|\n){{7}}"),
        r"\| target \| measured \| \|",
        r"(\| --- ){3}\|",
        r"(\| [^|]+ \| [^|]+ \| (met|\*\*missed\*\*) \|\n){4}",
        r"hyperfine [\d.]+, 100 runs of each on the chart: `cat` [\d.]+ ms, `milvus-gke-l7` [\d.]+ ms\.",
    ];
    let form = Regex::new(&format!(r"^\n{}\n\n$", form.join(r"\n"))).unwrap();
    assert!(form.is_match(text), "docs/speed.md: run benches/compare --write\n{text}");
}

/// Each link from a page to a file of the project, or to a heading, leads there.
#[test]
fn links() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = pages();
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let mut broken = Vec::new();
    for page in &pages {
        let text = without_code(&fs::read_to_string(page).unwrap());
        for captures in link.captures_iter(&text) {
            let target = &captures[1];
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let file = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let leads = file.exists() && (heading.is_empty() || headings(&file).iter().any(|known| known == heading));
            if !leads {
                broken.push(format!("{}: {target}", page.strip_prefix(root).unwrap().display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
    let index = fs::read_to_string(root.join("docs/README.md")).unwrap();
    for page in pages.iter().filter_map(|page| page.strip_prefix(root.join("docs")).ok()) {
        let page = page.to_str().unwrap();
        assert!(page == "README.md" || index.contains(&format!("]({page})")), "docs/README.md does not list {page}");
    }
}

/// All pages that people read.
fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let judges = fs::read_dir(root.join("tests/judges")).unwrap().map(|entry| entry.unwrap().path());
    let folders = [root.to_owned(), root.join("docs"), root.join("docs/ways-in")].into_iter().chain(judges);
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()));
    files.filter(|file| file.extension().is_some_and(|extension| extension == "md")).collect()
}

fn without_code(page: &str) -> String {
    let mut is_code = false;
    let lines = page.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The anchors that GitHub gives the headings of a page, and those that it has of its own.
fn headings(page: &Path) -> Vec<String> {
    let text = without_code(&fs::read_to_string(page).unwrap());
    let anchor = |heading: &str| {
        let kept =
            heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>();
        kept.replace(' ', "-")
    };
    let titles = text.lines().filter(|line| line.starts_with('#'));
    let of_headings = titles.filter_map(|line| Some(anchor(line.trim_start_matches('#').strip_prefix(' ')?)));
    let own = Regex::new(r#"<a (?:id|name)="([^"]+)""#).unwrap();
    of_headings.chain(own.captures_iter(&text).map(|captures| captures[1].to_owned())).collect()
}

/// Holds the part of `file` between the markers of `name` against `text`.
fn current(file: &str, name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let document = fs::read_to_string(&path).unwrap();
    let Range { start, end } = part(&document, file, name);
    let wanted = format!("{}{text}\n{}", &document[..start], &document[end..]);
    let difference = common::recorded(&path, wanted.as_bytes());
    assert!(difference.is_empty(), "{file} is not what the program says (UPDATE=1 writes it)\n{difference}");
}

/// What stands between the markers of `name`.
fn part(document: &str, file: &str, name: &str) -> Range<usize> {
    let (opening, closing) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let start = document.find(&opening).unwrap_or_else(|| panic!("{file}: no {opening}")) + opening.len();
    let end = start + document[start..].find(&closing).unwrap_or_else(|| panic!("{file}: no {closing}"));
    start..end
}
