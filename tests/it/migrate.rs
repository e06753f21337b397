//! docs/migrate.md and the ways of docs/gateway.md as somebody follows them: each command, but for those that need Google or
//! DNS, with the real Helm 3 and Helm 4 on a real API server. What the pages show as output is compared.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use serde_json::{Value, json};

use crate::common::{
    self, corpus,
    helm::Helm,
    kubernetes::{Live, Namespace, accepted},
};

const PAGE: &str = "docs/migrate.md";
const GATEWAY_PAGE: &str = "docs/gateway.md";
const TO_GATEWAY: &str = "A running release, without downtime";
const FROM_INGRESS: &str = "From an Ingress to a Gateway";
const BEFORE: &str = "Before each way";
const BACK: &str = "Going back";
const ROLLBACK: &str = "To an earlier revision";
const FOR_GOOD: &str = "To Layer 4 for good";
const WITHOUT_HELM: &str = "Without Helm";
const OF_A_GATEWAY: &str = "From a Gateway";

const SERVICE: &str = "Service/my-release-milvus";
const INGRESS: &str = "Ingress/my-release-milvus";
const CONFIG_MAP: &str = "ConfigMap/my-release-milvus";
const BACKEND_CONFIG: &str = "BackendConfig/my-release-backendconfig";
const GATEWAY: &str = "Gateway/my-release-milvus";
const ROUTE: &str = "HTTPRoute/my-release-milvus";
const HEALTH: &str = "HealthCheckPolicy/my-release-milvus";

/// The addresses of the page: of the Service at first, of one that is made later, and of the Ingress.
const OLD: &str = "192.0.2.10";
const NEW_OLD: &str = "192.0.2.20";
const ADDRESS: &str = "203.0.113.10";
const GATEWAY_ADDRESS: &str = "203.0.113.20";

/// What there is neither of here.
const NEEDS_GOOGLE_OR_DNS: [&str; 2] = ["gcloud ", "dig "];

macro_rules! tests {
    ($($module:ident $major:literal: $($test:ident($way:literal, $chart:literal, $states:expr))*;)*) => {$(
        mod $module {
            use super::State::{Both, Layer4, Layer7};

            $(#[test] fn $test() { super::follow($major, $way, $chart, &$states); })*

            #[test] fn layer_4_to_gateway() { super::to_gateway($major, "default-standalone"); }
            #[test] fn layer_4_to_gateway_of_a_cluster() { super::to_gateway($major, "cluster-default"); }
            #[test] fn ingress_to_gateway() { super::from_ingress($major, "default-standalone"); }
        }
    )*};
}

tests! {
    helm_3 3:
        planned_downtime("a. A planned downtime", "default-standalone", [Layer4, Layer7])
        planned_downtime_of_a_cluster("a. A planned downtime", "cluster-default", [Layer4, Layer7])
        new_host("b. A new host name", "default-standalone", [Layer4, Both, Layer7])
        same_host("c. The same host name", "default-standalone", [Layer4, Both, Layer7]);
    helm_4 4:
        planned_downtime("a. A planned downtime", "default-standalone", [Layer4, Layer7])
        planned_downtime_of_a_cluster("a. A planned downtime", "cluster-default", [Layer4, Layer7])
        new_host("b. A new host name", "default-standalone", [Layer4, Both, Layer7])
        same_host("c. The same host name", "default-standalone", [Layer4, Both, Layer7]);
}

fn follow(major: u8, way: &str, chart: &str, states: &[State]) {
    let Some(mut session) = Session::begin(major, chart) else { return };
    session.section(BEFORE);
    session.section(way);
    session.went(states);

    session.section(BACK);
    session.section(ROLLBACK);
    session.went(&[State::Layer4]);

    // Half the way again, where there is one, to leave it in the other manner.
    let blocks = section(PAGE, way);
    let first = blocks.iter().find(|block| block.text.contains("helm upgrade")).unwrap();
    session.section(BACK);
    session.block(first);
    session.went(&states[1..2]);
    session.section(BACK);
    session.section(FOR_GOOD);
    session.went(&[State::Layer4]);
}

/// Applied with kubectl, there and back: with an Ingress, then with a Gateway.
#[test]
fn without_helm() {
    let Some(mut session) = Session::open(3, "default-standalone") else { return };
    session.run("helm template my-release milvus/milvus --namespace milvus > before.yaml", &[0]);
    session.run("kubectl apply --namespace milvus -f before.yaml", &[0]);
    session.look();

    let rewrite = "milvus-gke-l7 --host milvus.example.com";
    session.run(&format!("{rewrite} < before.yaml | kubectl apply --namespace milvus -f -"), &[0]);
    session.look();
    let [apply, delete] = &section(PAGE, WITHOUT_HELM)[..] else { panic!("two commands") };
    session.block(apply);
    session.block(delete);
    session.look();
    session.went(&[State::Layer4, State::Layer7, State::Layer4]);

    let rewrite = format!("{rewrite} --gateway --backend h2c --cert-map milvus-map --service-type keep");
    session.run(&format!("{rewrite} < before.yaml | kubectl apply --namespace milvus -f -"), &[0]);
    session.look();
    session.block(apply);
    session.section(OF_A_GATEWAY);
    session.look();
    session.went(&[State::Layer4, State::BesideGateway, State::Layer4]);
}

/// From Layer 4 to a Gateway with h2c, and back.
fn to_gateway(major: u8, chart: &str) {
    let Some(mut session) = Session::begin(major, chart) else { return };
    session.section(BEFORE);
    section(GATEWAY_PAGE, TO_GATEWAY).iter().for_each(|block| session.block(block));
    session.went(&[State::Layer4, State::BesideGateway, State::Gateway]);
    session.section(BACK);
    session.section(ROLLBACK);
    session.went(&[State::Layer4]);
}

/// From an Ingress to a Gateway, which in the end speaks h2c.
fn from_ingress(major: u8, chart: &str) {
    let Some(mut session) = Session::begin(major, chart) else { return };
    session.section(BEFORE);
    let way = section(PAGE, "a. A planned downtime");
    session.block(way.iter().find(|block| block.text.contains("helm upgrade")).unwrap());
    session.went(&[State::Layer4, State::Layer7]);
    section(GATEWAY_PAGE, FROM_INGRESS).iter().for_each(|block| session.block(block));
    session.went(&[State::Layer7, State::IngressAndGateway, State::GatewayWithTls, State::Gateway]);
    session.section(BACK);
    session.section(FOR_GOOD);
    session.went(&[State::Layer4]);
}

/// How clients reach Milvus.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// At the Service's address, without TLS.
    Layer4,
    /// At both addresses, with TLS.
    Both,
    /// At the Ingress's, with TLS.
    Layer7,
    /// At the Service's address, without TLS, and at the Gateway's.
    BesideGateway,
    /// At the Gateway's, which speaks h2c to Milvus.
    Gateway,
    /// At the Ingress's and at the Gateway's. Milvus has TLS.
    IngressAndGateway,
    /// At the Gateway's. Milvus has TLS.
    GatewayWithTls,
}

impl State {
    #[track_caller]
    fn of(live: &Live) -> Self {
        let service = live.get(SERVICE);
        let address = address(live);
        let neg = service["metadata"]["annotations"].get("cloud.google.com/neg").is_some();
        let user_yaml = live.get(CONFIG_MAP)["data"]["user.yaml"].as_str().unwrap();
        let user_yaml: Value = serde_yaml::from_str(user_yaml).unwrap();
        let tls = user_yaml["common"]["security"]["tlsMode"] == 1;
        let ingress = [live.has(INGRESS), live.has(BACKEND_CONFIG), neg];
        let gateway = [GATEWAY, ROUTE, HEALTH].map(|identity| live.has(identity));
        let ports = service["spec"]["ports"].as_array().unwrap();
        let protocol = ports.iter().find_map(|port| port["appProtocol"].as_str());
        const ALL: [bool; 3] = [true; 3];
        const NONE: [bool; 3] = [false; 3];
        const H2C: Option<&str> = Some("kubernetes.io/h2c");
        match (service["spec"]["type"].as_str().unwrap(), address, tls, ingress, gateway, protocol) {
            ("LoadBalancer", Some(_), false, NONE, NONE, None) => Self::Layer4,
            ("LoadBalancer", Some(_), true, ALL, NONE, None) => Self::Both,
            ("ClusterIP", None, true, ALL, NONE, None) => Self::Layer7,
            ("LoadBalancer", Some(_), false, NONE, ALL, H2C) => Self::BesideGateway,
            ("ClusterIP", None, false, NONE, ALL, H2C) => Self::Gateway,
            ("ClusterIP", None, true, ALL, ALL, Some("HTTP2")) => Self::IngressAndGateway,
            ("ClusterIP", None, true, NONE, ALL, Some("HTTP2")) => Self::GatewayWithTls,
            state => panic!("none of the states: {state:?}"),
        }
    }

    fn has_tls(self) -> bool {
        matches!(self, Self::Both | Self::Layer7 | Self::IngressAndGateway | Self::GatewayWithTls)
    }
}

/// A release, and somebody who types.
struct Session {
    helm: Helm,
    namespace: Namespace,
    path: PathBuf,
    /// How it was after each command that changed it, the first time as it was installed.
    history: Vec<Live>,
}

impl Session {
    /// Installs the chart. `None` as for [`Self::open`].
    fn begin(major: u8, chart: &str) -> Option<Self> {
        let mut session = Self::open(major, chart)?;
        session.run("helm install my-release milvus/milvus --namespace milvus", &[0]);
        session.look();
        Some(session)
    }

    /// With a chart at hand whose Service is of type LoadBalancer. `None`, said aloud, where something is missing; with
    /// `CI=true` that is a failure.
    fn open(major: u8, chart: &str) -> Option<Self> {
        let (helm, kubectl) = (Helm::find(major)?, common::program("KUBECTL", "kubectl")?);
        let charts = corpus::charts()?;
        let namespace = Namespace::create()?;
        let path = helm.home().join("bin");
        fs::create_dir(&path).unwrap();
        symlink(helm.command().get_program(), path.join("helm")).unwrap();
        symlink(kubectl, path.join("kubectl")).unwrap();

        // `milvus/milvus` is the page's chart: where there is such a folder, Helm takes it.
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        helm.write("milvus/milvus/Chart.yaml", "apiVersion: v2\nname: milvus\nversion: 5.0.19\n");
        let replay = fs::read(root.join("testdata/replay/templates/replay.yaml")).unwrap();
        helm.write("milvus/milvus/templates/replay.yaml", replay);
        let rendered = fs::read_to_string(charts.join(format!("5.0.19/{chart}.yaml"))).unwrap();
        helm.write("milvus/milvus/rendered.yaml", as_load_balancer(&rendered, &namespace.name));

        let session = Self { helm, namespace, path, history: Vec::new() };
        // The certificate of way c.
        session.run("milvus-gke-l7 cert --host milvus.example.com", &[0]);
        Some(session)
    }

    fn section(&mut self, heading: &str) {
        section(PAGE, heading).iter().for_each(|block| self.block(block));
    }

    fn block(&mut self, block: &Block) {
        let commands: Vec<_> = block.text.lines().collect();
        let needs_both = commands.iter().any(|line| NEEDS_GOOGLE_OR_DNS.iter().any(|word| line.starts_with(word)));
        if needs_both {
            let all = commands.iter().all(|line| NEEDS_GOOGLE_OR_DNS.iter().any(|word| line.starts_with(word)));
            assert!(all, "a command that can be run is left out:\n{}", block.text);
            assert!(block.output.is_none(), "what Google says cannot be compared:\n{}", block.text);
            return;
        }
        // Without GKE the load balancer is never ready.
        let statuses: &[i32] = if block.text.contains("milvus-gke-l7 status") { &[3] } else { &[0] };
        let output = self.run(&block.text, statuses);
        if let Some(expected) = &block.output {
            let output: Vec<_> = output.lines().map(str::trim_end).collect();
            assert_eq!(output, expected.lines().collect::<Vec<_>>(), "after:\n{}", block.text);
        }
        if ["helm upgrade", "helm rollback"].iter().any(|command| block.text.contains(command)) {
            self.look();
        }
    }

    /// What it prints, stderr too.
    #[track_caller]
    fn run(&self, text: &str, statuses: &[i32]) -> String {
        let text = text.replace("--namespace milvus", &format!("--namespace {}", self.namespace.name));
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &format!("exec 2>&1\n{text}")]).current_dir(self.helm.home());
        let like = self.helm.command();
        bash.env_clear().envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let path = like.get_envs().find_map(|(name, value)| value.filter(|_| name == "PATH")).unwrap();
        let path = env::join_paths([self.path.clone()].into_iter().chain(env::split_paths(path))).unwrap();
        bash.env("PATH", path).env("KUBECONFIG", self.namespace.kubeconfig());
        let output = bash.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).replace(&self.namespace.name, "milvus");
        assert!(
            output.status.code().is_some_and(|code| statuses.contains(&code)),
            "{}:\n{text}\n{said}",
            output.status
        );
        said
    }

    /// Waits for the controllers, and does Google's part: the addresses.
    fn look(&mut self) {
        let live = self.namespace.live();
        let give = |object: &str, address: &str| {
            let status = json!({"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}).to_string();
            let patch = ["patch", object, "--subresource=status", "--type=merge", "--patch", &status];
            accepted(&self.namespace.kubectl(&patch));
        };
        let has_none = |identity: &str| live.get(identity)["status"]["loadBalancer"]["ingress"].is_null();
        if live.get(SERVICE)["spec"]["type"] == "LoadBalancer" && has_none(SERVICE) {
            give("service/my-release-milvus", if self.history.is_empty() { OLD } else { NEW_OLD });
        }
        if live.has(INGRESS) && has_none(INGRESS) {
            give("ingress/my-release-milvus", ADDRESS);
        }
        if live.has(GATEWAY) && live.get(GATEWAY)["status"]["addresses"].is_null() {
            self.program(&live);
        }
        self.history.push(self.namespace.live());
    }

    /// GKE's part for a Gateway: what it writes into the statuses when the load balancer is there.
    fn program(&self, live: &Live) {
        let good = |live: &Value, kinds: &[&str]| {
            let condition = |kind: &&str| {
                json!({
                    "type": kind,
                    "status": "True",
                    "reason": kind,
                    "message": "",
                    "observedGeneration": live["metadata"]["generation"],
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                })
            };
            kinds.iter().map(condition).collect::<Vec<_>>()
        };
        let write = |object: &str, status: Value| {
            let patch = json!({"status": status}).to_string();
            accepted(&self.namespace.kubectl(&[
                "patch",
                object,
                "--subresource=status",
                "--type=merge",
                "--patch",
                &patch,
            ]));
        };
        let (gateway, route, health) = (live.get(GATEWAY), live.get(ROUTE), live.get(HEALTH));
        let listeners = gateway["spec"]["listeners"].as_array().unwrap().iter().map(|listener| {
            json!({
                "name": listener["name"],
                "attachedRoutes": 1,
                "supportedKinds": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute"}],
                "conditions": good(gateway, &["Accepted", "Programmed", "ResolvedRefs"]),
            })
        });
        write(
            "gateways.gateway.networking.k8s.io/my-release-milvus",
            json!({
                "addresses": [{"type": "IPAddress", "value": GATEWAY_ADDRESS}],
                "listeners": listeners.collect::<Vec<_>>(),
                "conditions": good(gateway, &["Accepted", "Programmed"]),
            }),
        );
        let parent = json!({
            "parentRef": route["spec"]["parentRefs"][0],
            "controllerName": "networking.gke.io/gateway",
            "conditions": good(route, &["Accepted", "ResolvedRefs"]),
        });
        write("httproutes.gateway.networking.k8s.io/my-release-milvus", json!({"parents": [parent]}));
        let attached = json!({"conditions": good(health, &["Attached"])});
        write("healthcheckpolicies.networking.gke.io/my-release-milvus", attached);
    }

    /// The release has gone through these states. Milvus has restarted where it began or ended to speak TLS, and nowhere
    /// else; the Service has kept its address where it has kept its type. What is before the last of them is forgotten.
    #[track_caller]
    fn went(&mut self, states: &[State]) {
        let seen: Vec<_> = self.history.iter().map(State::of).collect();
        assert_eq!(&seen[seen.len() - states.len()..], states);
        for (index, pair) in self.history.windows(2).enumerate() {
            let tls = [seen[index], seen[index + 1]].map(State::has_tls);
            let [before, after] = [&pair[0], &pair[1]].map(address);
            assert!(before.is_none() || after.is_none() || before == after, "{before:?} became {after:?}");
            let [before, after] = [&pair[0], &pair[1]].map(milvus_pods);
            assert_eq!(before.len(), after.len());
            for (before, after) in before.iter().zip(&after) {
                assert_eq!(before != after, tls[0] != tls[1], "from {:?} to {:?}", seen[index], seen[index + 1]);
            }
        }
        self.history.drain(..self.history.len() - 1);
    }
}

/// The address of the Service, if it has one of its own.
fn address(live: &Live) -> Option<&str> {
    live.get(SERVICE)["status"]["loadBalancer"]["ingress"][0]["ip"].as_str()
}

/// The pod templates of the workloads that read Milvus's settings.
#[track_caller]
fn milvus_pods(live: &Live) -> Vec<&Value> {
    let templates = live.workloads().map(|(_, workload)| &workload["spec"]["template"]);
    let mounts = |template: &&Value| {
        let volumes = template["spec"]["volumes"].as_array();
        volumes.is_some_and(|volumes| volumes.iter().any(|volume| volume["configMap"]["name"] == "my-release-milvus"))
    };
    let templates: Vec<_> = templates.filter(mounts).collect();
    assert!(!templates.is_empty());
    templates
}

/// The chart with `service.type=LoadBalancer`, in this namespace.
fn as_load_balancer(rendered: &str, namespace: &str) -> String {
    let (before, service) = rendered.split_once("# Source: milvus/templates/service.yaml\n").unwrap();
    let of_the_chart = "  type: LoadBalancer\n  loadBalancerSourceRanges:\n    - 0.0.0.0/0\n";
    let service = service.replacen("  type: ClusterIP\n", of_the_chart, 1);
    let rendered = format!("{before}# Source: milvus/templates/service.yaml\n{service}");
    let namespaced = |rendered: String, old| rendered.replace(old, &format!("namespace: {namespace}\n"));
    ["namespace: milvus\n", "namespace: \"milvus\"\n"].into_iter().fold(rendered, namespaced)
}

/// Commands of the page, and what it shows after them.
struct Block {
    text: String,
    output: Option<String>,
}

/// The blocks of a page between this heading and the next one.
fn section(page: &str, heading: &str) -> Vec<Block> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
    let mut lines = text.lines().skip_while(|line| line.trim_start_matches('#').trim_start() != heading).skip(1);
    let mut blocks: Vec<Block> = Vec::new();
    while let Some(line) = lines.next().filter(|line| !line.starts_with("## ") && !line.starts_with("### ")) {
        let Some(language) = line.trim_start().strip_prefix("```") else { continue };
        let indent = line.len() - line.trim_start().len();
        let text = lines.by_ref().take_while(|line| line.trim_start() != "```");
        let text: String = text.map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect();
        match language {
            "sh" => blocks.push(Block { text, output: None }),
            // tests/it/milvus.rs runs this.
            "python" => {}
            "text" => blocks.last_mut().unwrap().output = Some(text),
            other => panic!("{page}: {other}"),
        }
    }
    assert!(!blocks.is_empty(), "{page}: no commands under {heading}");
    blocks
}

/// A command is run by the tests above, or is one that none can run here.
#[test]
fn every_command_is_run() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap();
    let ways = ["a. A planned downtime", "b. A new host name", "c. The same host name"];
    let run = [BEFORE, BACK, ROLLBACK, FOR_GOOD, WITHOUT_HELM, OF_A_GATEWAY]
        .into_iter()
        .chain(ways)
        .map(|heading| section(PAGE, heading).len());
    assert_eq!(page.matches("```sh\n").count(), run.sum::<usize>(), "a section that no test follows");
}
