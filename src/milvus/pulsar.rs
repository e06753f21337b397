//! Pulsar, the chart's message queue in cluster mode: two Jobs set it up when the release is installed. Their scripts are
//! folded scalars (`>`), to which Helm 4 adds lines when it post-renders, and the template of a Job cannot be changed
//! (charts/pulsar and charts/pulsarv3, templates/{bookkeeper,pulsar}-cluster-initialize.yaml).

use memchr::memmem;

use super::release::Release;
use crate::kube::object::Object as _;
use crate::stream::Stream;
use crate::stream::head::Kind;
use crate::yaml;

/// Their label `component`.
const COMPONENTS: [&str; 2] = ["bookie-init", "pulsar-init"];

/// The names of the release's Jobs of Pulsar.
#[must_use]
pub fn jobs(stream: &Stream<'_>, release: &Release<'_>) -> Vec<String> {
    let are_jobs = stream.ids().filter(|id| matches!(stream.kind(*id), Kind::Known(b"Job")));
    let of_pulsar = are_jobs.filter(|id| memmem::find(stream.body(*id), b"-init").is_some());
    let jobs = of_pulsar.filter_map(|id| yaml::read(stream.text(id).ok()?).ok());
    let ours = jobs.filter(|job| {
        job.label("component").is_some_and(|component| COMPONENTS.contains(&component))
            && job.label("release") == Some(&release.name)
            && job.shares_namespace(release.service.object.namespace())
    });
    ours.filter_map(|job| job.name().map(str::to_owned)).collect()
}
