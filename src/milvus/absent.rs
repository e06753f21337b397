//! What a stream is in which no Service leads to Milvus.

use memchr::memmem;

use super::operator;
use super::service::CHART;
use crate::kube::value::pointer;
use crate::report::mistaken::Mistaken;
use crate::report::place::Spot;
use crate::report::refusal::{Reason, Refusal};
use crate::stream::Stream;
use crate::stream::head::Kind;

/// The most charts that are named.
const NAMED: usize = 5;

/// Why there is no Milvus Service in it.
#[must_use]
pub fn refusal(stream: &Stream<'_>) -> Refusal {
    match operator::unknown(stream) {
        Some((id, kind, api_version)) => {
            Refusal::at(Reason::OperatorVersion { kind, api_version }, id, Spot::Path(pointer(["apiVersion"])))
        }
        None => reason(stream).into(),
    }
}

fn reason(stream: &Stream<'_>) -> Reason {
    if stream.ids().all(|id| stream.kind(id) == Kind::Nothing) {
        return Reason::EmptyInput;
    }
    if let Some(read) = Mistaken::of(stream) {
        return Reason::Mistaken(read);
    }
    let mut charts: Vec<String> = Vec::new();
    for at in memmem::find_iter(stream.input(), CHART.as_bytes()) {
        let line = &stream.input()[at + CHART.len()..];
        let line = &line[..memchr::memchr2(b'\n', b'\r', line).unwrap_or(line.len())];
        let chart = std::str::from_utf8(line).unwrap_or_default().trim_matches([' ', ':', '"', '\'', ',']);
        if is_of_milvus(chart) {
            return Reason::NoServiceOfChart;
        }
        if is_name(chart) && charts.len() < NAMED && !charts.iter().any(|known| known == chart) {
            charts.push(chart.to_owned());
        }
    }
    if charts.is_empty() { Reason::NoMilvusService } else { Reason::OtherCharts { charts } }
}

/// Whether it is the Milvus chart in a version: there are `milvus-operator` and others.
fn is_of_milvus(chart: &str) -> bool {
    chart.strip_prefix("milvus-").is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
}

/// What may be a label's value can be said.
fn is_name(chart: &str) -> bool {
    !chart.is_empty() && chart.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte))
}
