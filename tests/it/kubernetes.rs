//! Live objects: what a real API server makes of a release that is installed, upgraded and rolled back with the real
//! Helm 3, Helm 4, kustomize and kubectl, and the real binary among them.

use std::fs;
use std::process::Output;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use crate::common::{
    self, corpus,
    helm::{Helm, PostRenderer},
    kubernetes::{Cluster, Live, Namespace, accepted, refused},
    kustomize::{self, Function, Kustomize, Tool},
    pair::Pair,
};

/// The Service that the tests begin with is restricted.
const HOST: &[&str] = &["--host=vectors.example.com", "--public"];

const SERVICE: &str = "Service/my-release-milvus";
const CONFIG_MAP: &str = "ConfigMap/my-release-milvus";
const BACKEND_CONFIG: &str = "BackendConfig/my-release-backendconfig";
const CERTIFICATE: &str = "ManagedCertificate/my-release-milvus-tls";
const INGRESS: &str = "Ingress/my-release-milvus";
const APPENDED: [&str; 3] = [BACKEND_CONFIG, CERTIFICATE, INGRESS];
const OF_A_GATEWAY: [&str; 6] = [
    "Gateway/my-release-milvus",
    "HTTPRoute/my-release-milvus",
    "HTTPRoute/my-release-milvus-redirect",
    "HealthCheckPolicy/my-release-milvus",
    "GCPBackendPolicy/my-release-milvus",
    "GCPGatewayPolicy/my-release-milvus",
];
/// With each kind of object that is written.
const GATEWAY: [&str; 5] =
    ["--gateway", "--cert-map=milvus-map", "--redirect-http", "--timeout=1h", "--ssl-policy=modern"];

/// The guide's three annotations, byte for byte as in its `kubectl annotate`.
const ANNOTATIONS: [(&str, &str); 3] = [
    ("cloud.google.com/app-protocols", r#"{"milvus":"HTTP2"}"#),
    ("cloud.google.com/backend-config", r#"{"default": "my-release-backendconfig"}"#),
    ("cloud.google.com/neg", r#"{"ingress": true}"#),
];

/// What the API server itself gives a Service of this type, and what the chart renders.
const CLUSTER_IP_FIELDS: [&str; 9] = [
    "clusterIP",
    "clusterIPs",
    "internalTrafficPolicy",
    "ipFamilies",
    "ipFamilyPolicy",
    "ports",
    "selector",
    "sessionAffinity",
    "type",
];

/// What of a Service must go with the type.
const EXTERNAL_FIELDS: [&str; 6] = [
    "allocateLoadBalancerNodePorts",
    "externalTrafficPolicy",
    "healthCheckNodePort",
    "loadBalancerClass",
    "loadBalancerIP",
    "loadBalancerSourceRanges",
];

const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// Which Helm, and how it applies.
#[derive(Clone, Copy, PartialEq)]
enum Tools {
    Helm3,
    Helm4,
    Helm4ClientSide,
}

use Tools::{Helm3, Helm4, Helm4ClientSide};

#[derive(Clone, Copy, PartialEq)]
enum Chart {
    Standalone,
    /// Milvus in five Deployments, and Pulsar.
    Cluster,
}

macro_rules! tests {
    ($($module:ident $tools:ident: $($test:ident)*;)*) => {$(
        mod $module {
            $(#[test] fn $test() { if let Some(release) = super::Release::prepare(super::$tools) { super::$test(&release); } })*
        }
    )*};
}

tests! {
    helm_3 Helm3:
        standalone_from_the_start cluster_from_the_start standalone_life cluster_life
        local_traffic_policy external_ips node_port
        after_the_guide annotated_otherwise_is_overwritten
        source_ranges_by_hand objects_made_by_kubectl
        upgraded_by_helm_4 kept_type tls_secret tls_pair ingress_and_gateway h2c;
    helm_4 Helm4:
        standalone_from_the_start cluster_from_the_start standalone_life cluster_life
        local_traffic_policy external_ips node_port
        after_the_guide annotated_otherwise_conflicts type_patched_otherwise_conflicts
        source_ranges_by_hand objects_made_by_kubectl
        kept_type ingress_and_gateway h2c;
    helm_4_client_side Helm4ClientSide:
        standalone_from_the_start cluster_from_the_start standalone_life cluster_life
        local_traffic_policy external_ips node_port
        after_the_guide annotated_otherwise_is_overwritten
        source_ranges_by_hand objects_made_by_kubectl ingress_and_gateway h2c;
}

// Installed with the program.

fn standalone_from_the_start(release: &Release) {
    from_the_start(release, Chart::Standalone);
}

fn cluster_from_the_start(release: &Release) {
    from_the_start(release, Chart::Cluster);
}

fn from_the_start(release: &Release, chart: Chart) {
    let Some(exposed) = release.renders(chart, Exposed::load_balancer()) else { return };
    release.accepts("install", Some(HOST), &[]);
    let live = release.namespace.live();
    exposed.is_closed(&live);
    tls_is_on(&live);
    appended(&live);
    assert!(live.rollouts().values().all(|rollout| rollout.revisions == 1 && rollout.generation == 1));
}

// Installed without it, as a LoadBalancer.

fn standalone_life(release: &Release) {
    life(release, Chart::Standalone);
}

fn cluster_life(release: &Release) {
    life(release, Chart::Cluster);
}

fn life(release: &Release, chart: Chart) {
    let Some(exposed) = release.renders(chart, Exposed::load_balancer()) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    exposed.is_open(&before);
    assert!(APPENDED.iter().all(|identity| !before.has(identity)));
    assert_eq!(tls_mode(&before), Value::Null);

    if release.helm_changes_pulsar(chart) {
        let refused = refused(&release.run("upgrade", Some(HOST), &[]));
        assert!(refused.contains("field is immutable"), "{refused}");
        // What is new is made before what is there is changed; the Jobs come last.
        let half = release.namespace.live();
        exposed.was_closed(&before, &half);
        appended(&half);
    }
    release.without_jobs(chart);
    release.accepts("upgrade", Some(HOST), &[]);
    let after = release.namespace.live();
    upgraded(&before, &after, &exposed, release.restarted_by_helm(chart));

    // A field that is left in passes the first upgrade only.
    release.accepts("upgrade", Some(HOST), &[]);
    nothing_changed(&after, &release.namespace.live());

    release.without_jobs(chart);
    release.accepts_rollback("1");
    let back = release.namespace.live();
    exposed.is_open(&back);
    same_settings(&before, &back);
    // The ReplicaSets are there still.
    rolled(&after, &back, 0, release.restarted_by_helm(chart));

    release.without_jobs(chart);
    release.accepts("upgrade", Some(HOST), &[]);
    let forward = release.namespace.live();
    upgraded_settings(&before, &forward, &exposed);
    same_settings(&after, &forward);
    rolled(&back, &forward, 0, release.restarted_by_helm(chart));
    let check = release.check();
    assert_eq!(check.status, Some(0), "{}", text(&check.stdout));

    release.without_jobs(chart);
    release.accepts("upgrade", None, &["--reuse-values"]);
    let forgotten = release.namespace.live();
    exposed.is_open(&forgotten);
    assert!(APPENDED.iter().all(|identity| !forgotten.has(identity)));
    let check = release.check();
    assert!(text(&check.stdout).contains("not-rewritten"), "{}", text(&check.stdout));
}

fn local_traffic_policy(release: &Release) {
    exposed(release, Exposed::local());
}

fn external_ips(release: &Release) {
    exposed(release, Exposed::external_ips());
}

fn node_port(release: &Release) {
    exposed(release, Exposed::node_port());
}

fn exposed(release: &Release, exposed: Exposed) {
    let Some(exposed) = release.renders(Chart::Standalone, exposed) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    exposed.is_open(&before);
    release.accepts("upgrade", Some(HOST), &[]);
    let after = release.namespace.live();
    upgraded(&before, &after, &exposed, &[]);
    release.accepts("upgrade", Some(HOST), &[]);
    nothing_changed(&after, &release.namespace.live());
    release.accepts_rollback("1");
    same_settings(&before, &release.namespace.live());
    release.accepts_rollback("2");
    same_settings(&after, &release.namespace.live());
}

fn upgraded_by_helm_4(release: &Release) {
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::load_balancer()) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    let Some(helm) = Helm::find(4) else { return };
    let release = Release { tools: Helm4, helm, namespace: Rc::clone(&release.namespace) };
    let Some(exposed) = release.renders(Chart::Standalone, exposed) else { return };
    release.accepts("upgrade", Some(HOST), &[]);
    let after = release.namespace.live();
    upgraded(&before, &after, &exposed, &[]);
    release.accepts("upgrade", Some(HOST), &["--server-side=true"]);
    let server_side = release.namespace.live();
    same_settings(&after, &server_side);
    assert_eq!(after.rollouts(), server_side.rollouts());
}

// After the guide's own commands, and others that are in the way (docs/troubleshooting.md).

fn after_the_guide(release: &Release) {
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::load_balancer()) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    release.annotate(&ANNOTATIONS.map(|(name, value)| format!("{name}={value}")));
    release.patch(r#"{"spec":{"type":"ClusterIP","loadBalancerSourceRanges":null}}"#);
    release.accepts("upgrade", Some(HOST), &[]);
    let after = release.namespace.live();
    upgraded(&before, &after, &exposed, &[]);

    if release.tools == Helm4 {
        let refused = refused(&release.run("upgrade", None, &[]));
        assert!(refused.contains(r#"conflict with "kubectl-patch""#) && refused.contains(".spec.type"), "{refused}");
        release.accepts("upgrade", None, &["--force-conflicts"]);
    } else {
        release.accepts("upgrade", None, &[]);
    }
    let without = release.namespace.live();
    let annotations = without.get(SERVICE)["metadata"]["annotations"].as_object().unwrap();
    for (name, _) in ANNOTATIONS {
        // Applied on the server's side, they are kubectl's as well.
        assert_eq!(annotations.contains_key(name), release.tools == Helm4, "{name}: {annotations:?}");
    }
}

fn annotated_otherwise_is_overwritten(release: &Release) {
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::load_balancer()) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    release.annotate(&[ANNOTATED_OTHERWISE.to_owned()]);
    release.accepts("upgrade", Some(HOST), &[]);
    upgraded(&before, &release.namespace.live(), &exposed, &[]);
}

/// The same value, with one blank more than in the guide.
const ANNOTATED_OTHERWISE: &str = r#"cloud.google.com/app-protocols={"milvus": "HTTP2"}"#;

fn annotated_otherwise_conflicts(release: &Release) {
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::load_balancer()) else { return };
    release.accepts("install", None, &[]);
    for flags in [&[][..], &["--force-conflicts"], &["--server-side=false"]] {
        let before = release.namespace.live();
        release.annotate(&[ANNOTATED_OTHERWISE.to_owned()]);
        let refused = refused(&release.run("upgrade", Some(HOST), &[]));
        assert!(refused.contains(r#"conflict with "kubectl-annotate""#), "{refused}");
        assert!(refused.contains("cloud.google.com/app-protocols"), "{refused}");
        // The pods restart, behind the old Service.
        let half = release.namespace.live();
        assert_eq!(half.get(SERVICE)["spec"]["type"], "LoadBalancer");
        tls_is_on(&half);

        if flags.is_empty() {
            release.annotate(&ANNOTATIONS.map(|(name, _)| format!("{name}-")));
        }
        release.accepts("upgrade", Some(HOST), flags);
        upgraded_settings(&before, &release.namespace.live(), &exposed);
        // The next one starts from the first revision.
        release.accepts_rollback("1");
    }
}

fn type_patched_otherwise_conflicts(release: &Release) {
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::load_balancer()) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    release.patch(r#"{"spec":{"type":"NodePort","loadBalancerSourceRanges":null}}"#);
    let refused = refused(&release.run("upgrade", Some(HOST), &[]));
    assert!(refused.contains(r#"conflict with "kubectl-patch""#) && refused.contains(".spec.type"), "{refused}");
    release.accepts("upgrade", Some(HOST), &["--force-conflicts"]);
    upgraded(&before, &release.namespace.live(), &exposed, &[]);
}

fn source_ranges_by_hand(release: &Release) {
    // Of a Service that does not render the field, it is not Helm's to remove.
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::external_ips()) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    release.patch(r#"{"spec":{"loadBalancerSourceRanges":["10.0.0.0/8"]}}"#);
    let forbidden = "may only be used when `type` is 'LoadBalancer'";
    let message = refused(&release.run("upgrade", Some(HOST), &[]));
    assert!(message.contains(forbidden), "{message}");
    release.patch(r#"{"spec":{"loadBalancerSourceRanges":null}}"#);
    release.annotate(&[format!("{SOURCE_RANGES}=10.0.0.0/8")]);
    let message = refused(&release.run("upgrade", Some(HOST), &[]));
    assert!(message.contains(forbidden), "{message}");
    release.annotate(&[format!("{SOURCE_RANGES}-")]);
    release.accepts("upgrade", Some(HOST), &[]);
    upgraded_settings(&before, &release.namespace.live(), &exposed);
}

fn objects_made_by_kubectl(release: &Release) {
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::load_balancer()) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    let manifest = json!({
        "apiVersion": "cloud.google.com/v1", "kind": "BackendConfig",
        "metadata": {"name": "my-release-backendconfig"},
        "spec": {"healthCheck": {"port": 9091, "requestPath": "/healthz", "type": "HTTP"}},
    });
    accepted(&release.namespace.kubectl_with(&["apply", "--filename=-"], &manifest.to_string()));
    let message = refused(&release.run("upgrade", Some(HOST), &[]));
    assert!(message.contains("invalid ownership metadata"), "{message}");
    let unchanged = release.namespace.live();
    assert_eq!(unchanged.rollouts(), before.rollouts());
    exposed.is_open(&unchanged);
    release.accepts("upgrade", Some(HOST), &["--take-ownership"]);
    upgraded(&before, &release.namespace.live(), &exposed, &[]);
}

// Options that make other objects.

fn kept_type(release: &Release) {
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::load_balancer()) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    let keep = [HOST, &["--service-type=keep"]].concat();
    release.accepts("upgrade", Some(&keep), &[]);
    let kept = release.namespace.live();
    assert_eq!(before.get(SERVICE)["spec"], kept.get(SERVICE)["spec"]);
    assert_eq!(annotations(kept.get(SERVICE)), exposed.annotations(true));
    tls_is_on(&kept);
    appended(&kept);
    rolled(&before, &kept, 1, &[]);

    // The second step: the old address goes, and nothing restarts.
    release.accepts("upgrade", Some(HOST), &[]);
    let after = release.namespace.live();
    upgraded_settings(&before, &after, &exposed);
    assert_eq!(kept.rollouts(), after.rollouts());
}

fn tls_secret(release: &Release) {
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::load_balancer()) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    let options = [HOST, &["--tls-secret=milvus-front"]].concat();
    release.accepts("upgrade", Some(&options), &[]);
    let after = release.namespace.live();
    exposed.was_closed(&before, &after);
    tls_is_on(&after);
    rolled(&before, &after, 1, &[]);
    has_a_secret(&after, "milvus-front");
    assert!(!after.has("Secret/milvus-front"));
    release.accepts("upgrade", Some(&options), &[]);
    nothing_changed(&after, &release.namespace.live());
}

fn tls_pair(release: &Release) {
    let Some(pair) = Pair::get() else { return };
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::load_balancer()) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    let options = [HOST, &pair.flags()].concat().join("\n").replace("vectors.example.com", "milvus.example.com");
    let options: Vec<_> = options.lines().collect();
    release.accepts("upgrade", Some(&options), &[]);
    let after = release.namespace.live();
    exposed.was_closed(&before, &after);
    tls_is_on(&after);
    rolled(&before, &after, 1, &[]);
    has_a_secret(&after, "my-release-milvus-tls");
    let secret = after.get("Secret/my-release-milvus-tls");
    assert_eq!(secret["type"], "kubernetes.io/tls");
    let files = ["tls.crt", "tls.key"];
    let fields: Vec<_> = secret["data"].as_object().unwrap().keys().collect();
    assert_eq!(fields, files);
    let template = files.map(|file| format!("{{{{index .data \"{file}\" | base64decode}}}}")).concat();
    let output = format!("--output=go-template={template}");
    let data = accepted(&release.namespace.kubectl(&["get", "secret", "my-release-milvus-tls", &output]));
    assert_eq!(data, [pair.certificate.as_str(), &pair.key].concat());
    release.accepts("upgrade", None, &[]);
    assert!(!release.namespace.live().has("Secret/my-release-milvus-tls"));
}

fn has_a_secret(live: &Live, name: &str) {
    let ingress = live.get(INGRESS);
    let hosts = [&ingress["spec"]["rules"][0]["host"]];
    assert_eq!(ingress["spec"]["tls"], json!([{"hosts": hosts, "secretName": name}]));
    assert_eq!(annotations(ingress), json!({"kubernetes.io/ingress.class": "gce"}));
    assert!(!live.has(CERTIFICATE));
}

// From an Ingress to a Gateway by way of both, and back.

fn ingress_and_gateway(release: &Release) {
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::any_load_balancer()) else { return };
    release.accepts("install", Some(HOST), &[]);
    let ingress = release.namespace.live();
    exposed.is_closed(&ingress);
    appended(&ingress);
    speaks(&ingress, None);

    let upgraded = |options: &[&str]| {
        let options = [HOST, options].concat();
        release.accepts("upgrade", Some(&options), &[]);
        let after = release.namespace.live();
        release.accepts("upgrade", Some(&options), &[]);
        nothing_changed(&after, &release.namespace.live());
        assert_eq!(ingress.rollouts(), after.rollouts());
        after
    };
    let both = upgraded(&["--with-ingress", "--gateway", "--cert-map=milvus-map", "--gateway-ip=milvus-gateway"]);
    for identity in [&APPENDED[..], &[CONFIG_MAP]].concat() {
        assert_eq!(ingress.settings()[identity], both.settings()[identity]);
    }
    assert_eq!(annotations(both.get(SERVICE)), exposed.annotations(true));
    speaks(&both, Some("HTTP2"));
    assert_eq!(both.get(OF_A_GATEWAY[0])["spec"]["addresses"][0]["value"], "milvus-gateway");

    let gateway = upgraded(&GATEWAY);
    assert!(APPENDED.iter().all(|identity| !gateway.has(identity)));
    assert!(OF_A_GATEWAY.iter().all(|identity| gateway.has(identity)));
    assert_eq!(annotations(gateway.get(SERVICE)), exposed.annotations(false));
    speaks(&gateway, Some("HTTP2"));

    let back = upgraded(&[]);
    assert!(OF_A_GATEWAY.iter().all(|identity| !back.has(identity)));
    same_settings(&ingress, &back);
}

/// From layer 4 without a restart: first both addresses, then the new one, and back.
fn h2c(release: &Release) {
    let Some(exposed) = release.renders(Chart::Standalone, Exposed::any_load_balancer()) else { return };
    release.accepts("install", None, &[]);
    let before = release.namespace.live();
    exposed.is_open(&before);
    let upgraded = |options: &[&str]| {
        let options = [HOST, &GATEWAY, &["--backend=h2c"], options].concat();
        release.accepts("upgrade", Some(&options), &[]);
        let after = release.namespace.live();
        assert_eq!(before.rollouts(), after.rollouts());
        assert_eq!(before.settings()[CONFIG_MAP], after.settings()[CONFIG_MAP]);
        assert!(OF_A_GATEWAY.iter().all(|identity| after.has(identity)));
        speaks(&after, Some("kubernetes.io/h2c"));
        after
    };
    let kept = upgraded(&["--service-type=keep"]);
    exposed.is_open(&kept);
    let mut spec = kept.get(SERVICE)["spec"].clone();
    spec["ports"][0].as_object_mut().unwrap().remove("appProtocol");
    assert_eq!(before.get(SERVICE)["spec"], spec);
    let after = upgraded(&[]);
    assert_eq!(after.get(SERVICE)["spec"]["type"], "ClusterIP");
    let check = release.check();
    assert_eq!(check.status, Some(0), "{}", text(&check.stdout));

    release.accepts_rollback("1");
    same_settings(&before, &release.namespace.live());
}

#[track_caller]
fn speaks(live: &Live, protocol: Option<&str>) {
    assert_eq!(live.get(SERVICE)["spec"]["ports"][0]["appProtocol"].as_str(), protocol);
}

// kubectl apply.

/// A second time nothing would change, and the API server fills in nothing that is not written out.
#[test]
fn gateway_and_kubectl_apply() {
    let (Some(namespace), Some(pair)) = (Namespace::create(), Pair::get()) else { return };
    let Some(rendered) = Exposed::any_load_balancer().rendered(Chart::Standalone, &namespace.name) else { return };
    for flags in [&GATEWAY[..], &["--gateway", "--rest", "--redirect-http"]] {
        let certificate: &[&str] = if flags == GATEWAY { &[] } else { &pair.flags() };
        let flags = ["--host=milvus.example.com"].iter().chain(flags).chain(certificate).map(|&flag| flag.to_owned());
        let ours = common::run(&flags.collect::<Vec<_>>(), &[], rendered.as_bytes());
        assert_eq!(ours.status, Some(0), "{}", text(&ours.stderr));
        let apply = ["apply", "--filename=-", "--validate=strict", "--server-side"];
        accepted(&namespace.kubectl_with(&apply, text(&ours.stdout)));
        let diff = namespace.kubectl_with(&["diff", "--filename=-", "--server-side"], text(&ours.stdout));
        assert_eq!(accepted(&diff), "");
        let live = namespace.live();
        for document in common::documents(&ours.stdout) {
            let written: Value = serde_yaml::from_slice(common::body(document)).unwrap();
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let identity = format!("{}/{}", word(&written["kind"]), word(&written["metadata"]["name"]));
            if OF_A_GATEWAY.contains(&identity.as_str()) {
                assert_eq!(live.get(&identity)["spec"], written["spec"], "{identity}");
            }
        }
    }
}

#[test]
fn kustomize_and_kubectl_apply() {
    applied(Chart::Standalone, Writer::Kustomize, &[]);
}

#[test]
fn kustomize_and_kubectl_apply_on_the_server_side() {
    applied(Chart::Cluster, Writer::Kustomize, &["--server-side"]);
}

#[test]
fn pipe_and_kubectl_apply() {
    applied(Chart::Cluster, Writer::Pipe, &[]);
}

#[test]
fn pipe_and_kubectl_apply_on_the_server_side() {
    applied(Chart::Standalone, Writer::Pipe, &["--server-side"]);
}

#[derive(Clone, Copy, PartialEq)]
enum Writer {
    Kustomize,
    Pipe,
}

fn applied(chart: Chart, writer: Writer, flags: &[&str]) {
    let (Some(namespace), Some(kustomize)) = (Namespace::create(), Kustomize::find(Tool::Kustomize)) else { return };
    let exposed = Exposed::load_balancer();
    let Some(rendered) = exposed.rendered(chart, &namespace.name) else { return };
    kustomize.write_case("function", &rendered);
    let config = fs::read_to_string(kustomize.path("app/l7.yaml")).unwrap();
    kustomize.write("app/l7.yaml", &format!("{config}  public: true\n"));
    let build = |function| {
        let output = kustomize.build(function, &["--enable-alpha-plugins", "--enable-exec"]);
        kustomize::accepted(&output).unwrap()
    };
    let (plain, ours) = match writer {
        Writer::Kustomize => (build(Function::PassThrough), build(Function::Ours)),
        Writer::Pipe => {
            let ours = common::run(&HOST.iter().map(ToString::to_string).collect::<Vec<_>>(), &[], rendered.as_bytes());
            assert_eq!(ours.status, Some(0), "{}", text(&ours.stderr));
            (rendered, text(&ours.stdout).to_owned())
        }
    };
    let apply = |stream: &str| {
        accepted(&namespace.kubectl_with(&[&["apply", "--filename=-", "--validate=strict"], flags].concat(), stream))
    };
    // Nothing of it is refused where nothing is there yet, and nothing is left out.
    let dry = [&["apply", "--filename=-", "--validate=strict", "--dry-run=server"], flags].concat();
    accepted(&namespace.kubectl_with(&dry, &ours));

    apply(&plain);
    let before = namespace.live();
    exposed.is_open(&before);
    apply(&ours);
    let after = namespace.live();
    upgraded(&before, &after, &exposed, &[]);
    apply(&ours);
    nothing_changed(&after, &namespace.live());
}

// The release.

/// A release that one Helm looks after, in a namespace of its own.
struct Release {
    tools: Tools,
    helm: Helm,
    namespace: Rc<Namespace>,
}

impl Release {
    /// `None`, said aloud, where something is missing; with `CI=true` that is a failure.
    fn prepare(tools: Tools) -> Option<Self> {
        let helm = Helm::find(if tools == Helm3 { 3 } else { 4 })?;
        Some(Self { tools, helm, namespace: Rc::new(Namespace::create()?) })
    }

    /// Makes the chart render this.
    fn renders(&self, chart: Chart, exposed: Exposed) -> Option<Exposed> {
        self.helm.write("chart/rendered.yaml", exposed.rendered(chart, &self.namespace.name)?);
        Some(exposed)
    }

    /// `helm install` or `helm upgrade`, through the program with these options or without it.
    fn run(&self, verb: &str, options: Option<&[&str]>, flags: &[&str]) -> Output {
        let mut command = self.helm.command();
        command.args([verb, "my-release", "chart"]).args(flags);
        self.namespace.enter(&mut command);
        if self.tools == Helm4ClientSide {
            command.arg("--server-side=false");
        }
        if let Some(options) = options {
            self.helm.post_render(&mut command, PostRenderer::Ours(options));
        }
        command.output().unwrap()
    }

    #[track_caller]
    fn accepts(&self, verb: &str, options: Option<&[&str]>, flags: &[&str]) {
        accepted(&self.run(verb, options, flags));
    }

    #[track_caller]
    fn accepts_rollback(&self, revision: &str) {
        let mut command = self.helm.command();
        command.args(["rollback", "my-release", revision]);
        self.namespace.enter(&mut command);
        if self.tools == Helm4ClientSide {
            command.arg("--server-side=false");
        }
        accepted(&command.output().unwrap());
    }

    /// `helm get manifest | milvus-gke-l7 check`.
    fn check(&self) -> common::Run {
        let mut command = self.helm.command();
        command.args(["get", "manifest", "my-release"]);
        self.namespace.enter(&mut command);
        let manifest = accepted(&command.output().unwrap());
        common::run(&["check".to_owned()], &[], manifest.as_bytes())
    }

    #[track_caller]
    fn annotate(&self, annotations: &[String]) {
        let annotations: Vec<_> = annotations.iter().map(String::as_str).collect();
        let command = ["annotate", "service", "my-release-milvus"];
        accepted(&self.namespace.kubectl(&[&command[..], &annotations].concat()));
    }

    #[track_caller]
    fn patch(&self, patch: &str) {
        accepted(&self.namespace.kubectl(&["patch", "service", "my-release-milvus", "--type=merge", "--patch", patch]));
    }

    /// Helm 4 adds lines to folded texts when it post-renders, whatever the post-renderer (docs/troubleshooting.md).
    fn helm_changes_pulsar(&self, chart: Chart) -> bool {
        self.tools != Helm3 && chart == Chart::Cluster
    }

    fn restarted_by_helm(&self, chart: Chart) -> &'static [&'static str] {
        if self.helm_changes_pulsar(chart) { &PULSAR } else { &[] }
    }

    /// A Job's texts cannot be changed.
    #[track_caller]
    fn without_jobs(&self, chart: Chart) {
        if self.helm_changes_pulsar(chart) {
            accepted(&self.namespace.kubectl(&[&["delete", "job"], &PULSAR_JOBS[..]].concat()));
        }
    }
}

const PULSAR_JOBS: [&str; 2] = ["my-release-pulsarv3-bookie-init", "my-release-pulsarv3-pulsar-init"];

/// Its StatefulSets with a folded text.
const PULSAR: [&str; 4] = [
    "StatefulSet/my-release-pulsarv3-bookie",
    "StatefulSet/my-release-pulsarv3-broker",
    "StatefulSet/my-release-pulsarv3-proxy",
    "StatefulSet/my-release-pulsarv3-recovery",
];

// The Service before.

/// Everything that goes with this type and does not exclude each other.
const LOAD_BALANCER: &str = "  type: LoadBalancer
  allocateLoadBalancerNodePorts: true
  externalTrafficPolicy: Cluster
  internalTrafficPolicy: Local
  ipFamilyPolicy: PreferDualStack
  loadBalancerClass: vectors.example.com/none
  loadBalancerIP: 192.0.2.10
  loadBalancerSourceRanges:
    - 10.0.0.0/8
    - 192.168.0.0/16
  publishNotReadyAddresses: true
  sessionAffinity: ClientIP
  sessionAffinityConfig:
    clientIP:
      timeoutSeconds: 600
  trafficDistribution: PreferSameZone
";

/// How the Milvus Service can be reached from outside the cluster, and what of it stays.
struct Exposed {
    kind: &'static str,
    /// Lines of `spec`, of its Milvus port, and of the annotations.
    spec: String,
    port: String,
    annotations: &'static [(&'static str, &'static str)],
    /// Fields beside [`CLUSTER_IP_FIELDS`] that stay.
    stay: &'static [&'static str],
}

impl Exposed {
    fn load_balancer() -> Self {
        let spec = LOAD_BALANCER.to_owned();
        Self {
            kind: "LoadBalancer",
            spec,
            port: format!("      nodePort: {}\n      appProtocol: vectors.example.com/grpc\n", Cluster::node_port()),
            annotations: &[
                ("cloud.google.com/l4-rbs", "enabled"),
                ("networking.gke.io/internal-load-balancer-allow-global-access", "true"),
                ("networking.gke.io/load-balancer-type", "Internal"),
            ],
            stay: &["publishNotReadyAddresses", "sessionAffinityConfig", "trafficDistribution"],
        }
    }

    /// One that everybody can reach.
    fn any_load_balancer() -> Self {
        Self { spec: "  type: LoadBalancer\n".to_owned(), ..Self::plain("LoadBalancer") }
    }

    fn local() -> Self {
        let spec = format!(
            "  type: LoadBalancer\n  allocateLoadBalancerNodePorts: false\n  externalTrafficPolicy: Local\n  \
             healthCheckNodePort: {}\n",
            Cluster::node_port()
        );
        Self { spec, annotations: &[(SOURCE_RANGES, "10.0.0.0/8")], ..Self::plain("LoadBalancer") }
    }

    /// These are allowed on each type, and the policy applies to them.
    fn external_ips() -> Self {
        let spec = "  type: LoadBalancer\n  externalIPs: [192.0.2.20]\n  externalTrafficPolicy: Local\n".to_owned();
        Self { spec, stay: &["externalIPs", "externalTrafficPolicy"], ..Self::plain("LoadBalancer") }
    }

    fn node_port() -> Self {
        let spec = "  type: NodePort\n  externalTrafficPolicy: Local\n".to_owned();
        let port = format!("      nodePort: {}\n", Cluster::node_port());
        Self { spec, port, ..Self::plain("NodePort") }
    }

    fn plain(kind: &'static str) -> Self {
        Self { kind, spec: String::new(), port: String::new(), annotations: &[], stay: &[] }
    }

    /// The real chart with such a Service, in this namespace.
    fn rendered(&self, chart: Chart, namespace: &str) -> Option<String> {
        let case = match chart {
            Chart::Standalone => "5.0.19/default-standalone.yaml",
            Chart::Cluster => "5.0.19/cluster-default.yaml",
        };
        let rendered = fs::read_to_string(corpus::charts()?.join(case)).unwrap();
        let source = "# Source: milvus/templates/service.yaml\n";
        let (before, service) = rendered.split_once(source).unwrap();
        let (service, after) = service.split_once("---\n").unwrap();
        let annotations = self.annotations.iter().map(|(name, value)| format!("    {name}: '{value}'\n"));
        let annotations: String = annotations.collect();
        let annotations = if annotations.is_empty() { annotations } else { format!("  annotations:\n{annotations}") };
        let service = [
            ("spec:\n", format!("{annotations}spec:\n")),
            ("  type: ClusterIP\n", self.spec.clone()),
            ("      targetPort: milvus\n", format!("      targetPort: milvus\n{}", self.port)),
        ]
        .into_iter()
        .fold(service.to_owned(), |service, (old, new)| {
            assert_eq!(service.matches(old).count(), 1, "{old}");
            service.replace(old, &new)
        });
        let rendered = [before, source, &service, "---\n", after].concat();
        let namespaced = |rendered: String, old| rendered.replace(old, &format!("namespace: {namespace}\n"));
        Some(["namespace: milvus\n", "namespace: \"milvus\"\n"].into_iter().fold(rendered, namespaced))
    }

    /// The annotations of the live Service but those of the tools.
    fn annotations(&self, ours: bool) -> Value {
        let stay = self.annotations.iter().filter(|(name, _)| !ours || *name != SOURCE_RANGES);
        let ours = ANNOTATIONS.iter().filter(|_| ours);
        stay.chain(ours).map(|(name, value)| ((*name).to_owned(), json!(value))).collect::<Map<_, _>>().into()
    }

    /// The API server took it as it is rendered.
    #[track_caller]
    fn is_open(&self, live: &Live) {
        let service = live.get(SERVICE);
        let rendered: Value = serde_yaml::from_str(&self.spec).unwrap();
        for (field, value) in rendered.as_object().unwrap() {
            assert_eq!(service["spec"][field], *value, "{field}");
        }
        assert_eq!(service["spec"]["type"], self.kind);
        let port: Option<Map<_, _>> = serde_yaml::from_str(&self.port).unwrap();
        for (field, value) in port.unwrap_or_default() {
            assert_eq!(service["spec"]["ports"][0][&field], value, "{field}");
        }
        assert_eq!(annotations(service), self.annotations(false));
    }

    /// The Service is one of type ClusterIP, and nothing of another type is left.
    #[track_caller]
    fn is_closed(&self, live: &Live) {
        let service = live.get(SERVICE);
        assert_eq!(service["spec"]["type"], "ClusterIP");
        let mut expected: Vec<_> = [&CLUSTER_IP_FIELDS, self.stay].concat();
        expected.sort_unstable();
        let mut fields: Vec<_> = service["spec"].as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, expected);
        let mut ports = json!([
            {"name": "milvus", "port": 19530, "protocol": "TCP", "targetPort": "milvus"},
            {"name": "metrics", "port": 9091, "protocol": "TCP", "targetPort": "metrics"},
        ]);
        if self.port.contains("appProtocol") {
            ports[0]["appProtocol"] = json!("vectors.example.com/grpc");
        }
        assert_eq!(service["spec"]["ports"], ports);
        assert_eq!(annotations(service), self.annotations(true));
        assert_eq!(service["status"]["loadBalancer"], json!({}));
    }

    /// The same, and all other fields are as they were, the address in the cluster too.
    #[track_caller]
    fn was_closed(&self, before: &Live, after: &Live) {
        self.is_closed(after);
        let mut expected = before.get(SERVICE)["spec"].clone();
        let fields = expected.as_object_mut().unwrap();
        fields.retain(|field, _| self.stay.contains(&field.as_str()) || !EXTERNAL_FIELDS.contains(&field.as_str()));
        fields["type"] = json!("ClusterIP");
        for port in fields["ports"].as_array_mut().unwrap() {
            port.as_object_mut().unwrap().remove("nodePort");
        }
        assert_eq!(after.get(SERVICE)["spec"], expected);
    }
}

// What must have become of it.

#[track_caller]
fn upgraded(before: &Live, after: &Live, exposed: &Exposed, also_restarted: &[&str]) {
    upgraded_settings(before, after, exposed);
    rolled(before, after, 1, also_restarted);
}

#[track_caller]
fn upgraded_settings(before: &Live, after: &Live, exposed: &Exposed) {
    exposed.was_closed(before, after);
    tls_is_on(after);
    appended(after);
}

#[track_caller]
fn tls_is_on(live: &Live) {
    assert_eq!(tls_mode(live), 1);
    assert_eq!(user_yaml(live)["proxy"]["http"]["port"], 8080);
}

fn tls_mode(live: &Live) -> Value {
    user_yaml(live)["common"]["security"]["tlsMode"].clone()
}

/// Parsed: the chart's own has a comment that says `tlsMode: 1`.
fn user_yaml(live: &Live) -> Value {
    serde_yaml::from_str(live.get(CONFIG_MAP)["data"]["user.yaml"].as_str().unwrap()).unwrap()
}

#[track_caller]
fn appended(live: &Live) {
    let health_check = json!({"port": 9091, "requestPath": "/healthz", "type": "HTTP"});
    assert_eq!(live.get(BACKEND_CONFIG)["spec"], json!({"healthCheck": health_check}));
    assert_eq!(live.get(CERTIFICATE)["spec"], json!({"domains": ["vectors.example.com"]}));
    let ingress = live.get(INGRESS);
    let backend = json!({"service": {"name": "my-release-milvus", "port": {"number": 19530}}});
    let paths = json!([{"path": "/", "pathType": "Prefix", "backend": backend}]);
    assert_eq!(ingress["spec"], json!({"rules": [{"host": "vectors.example.com", "http": {"paths": paths}}]}));
    let expected = json!({
        "kubernetes.io/ingress.class": "gce",
        "networking.gke.io/managed-certificates": "my-release-milvus-tls",
    });
    assert_eq!(annotations(ingress), expected);
}

/// Each workload that mounts Milvus's ConfigMap was changed once, and got `new_revisions`; no other was changed but
/// these.
#[track_caller]
fn rolled(before: &Live, after: &Live, new_revisions: usize, others: &[&str]) {
    let mut expected = before.rollouts();
    let mut mounting = 0;
    for (identity, workload) in before.workloads() {
        let volumes = workload["spec"]["template"]["spec"]["volumes"].as_array();
        let mounts = volumes
            .is_some_and(|volumes| volumes.iter().any(|volume| volume["configMap"]["name"] == "my-release-milvus"));
        mounting += usize::from(mounts);
        if mounts || others.contains(&identity) {
            let rollout = expected.get_mut(identity).unwrap();
            rollout.generation += 1;
            rollout.revisions += new_revisions;
        }
    }
    assert!(mounting > 0);
    assert_eq!(after.rollouts(), expected);
}

#[track_caller]
fn nothing_changed(before: &Live, after: &Live) {
    assert_eq!(before.rollouts(), after.rollouts());
    same_settings(before, after);
    for identity in before.settings().into_keys() {
        let [before, after] = [before, after].map(|live| &live.get(identity)["metadata"]["uid"]);
        assert_eq!(before, after, "{identity} was made anew");
    }
    // The others' grow with what their controllers say of them.
    for identity in [SERVICE, CONFIG_MAP] {
        let [before, after] = [before, after].map(|live| &live.get(identity)["metadata"]["resourceVersion"]);
        assert_eq!(before, after, "{identity} was written");
    }
}

#[track_caller]
fn same_settings(before: &Live, after: &Live) {
    let [before, after] = [before, after].map(|live| serde_json::to_vec_pretty(&live.settings()).unwrap());
    let diff = common::diff(&before, &after);
    assert!(diff.is_empty(), "{diff}");
}

/// But those that the tools keep for themselves.
fn annotations(object: &Value) -> Value {
    let mut annotations = object["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    annotations.retain(|name, _| {
        !name.starts_with("meta.helm.sh/") && name != "kubectl.kubernetes.io/last-applied-configuration"
    });
    annotations.into()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}
