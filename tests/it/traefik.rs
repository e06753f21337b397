//! Our objects of a Gateway before Traefik, a controller of the Gateway API that is not GKE's: it takes all of them, a real
//! Milvus answers PyMilvus and curl through it, and mistakes have the reasons that docs/rules.md says.
#![cfg(unix)]

use serde_json::{Value, json};

use crate::common::{
    self,
    client::{ASKED, Client, FILLED, FILM, TOLD},
    gateway::errors,
    milvus::{Milvus, Ports, Programs, Release},
    server::get_at,
    traefik::{Controller, Program, class, objects},
};

const NAMESPACE: &str = "milvus";
const CLASS: &str = "gke-l7-global-external-managed";
const H2C: [&str; 5] = ["--gateway", "--backend=h2c", "--rest", "--redirect-http", "--service-type=keep"];
const TLS: [&str; 4] = ["--gateway", "--backend=tls", "--rest", "--redirect-http"];

#[test]
fn h2c_works() {
    works(&H2C, |_| Vec::new());
}

/// Traefik verifies certificates, and must be told which.
#[test]
fn tls_works() {
    works(&TLS, |milvus| {
        let metadata = json!({"name": "milvus", "namespace": NAMESPACE});
        let target = json!({"group": "", "kind": "Service", "name": "my-release-milvus"});
        let authority = json!({"group": "", "kind": "ConfigMap", "name": "milvus"});
        vec![
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"ca.crt": milvus.certificate}}),
            json!({
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "BackendTLSPolicy",
                "metadata": metadata,
                "spec": {
                    "targetRefs": [target],
                    "validation": {"hostname": "localhost", "caCertificateRefs": [authority]},
                },
            }),
        ]
    });
}

fn works(flags: &[&str], more: fn(&Milvus) -> Vec<Value>) {
    let (Some(program), Some(programs)) = (Program::find(), Programs::find()) else { return };
    let Some(curl) = common::program("CURL", "curl") else { return };
    let release = Release::of_the_sample(&[flags, &programs.pair.flags()].concat());
    let milvus = Milvus::start(&programs.milvus, &release.output);
    let all = [objects(&release.output, &milvus.ports, NAMESPACE), vec![class(CLASS)], more(&milvus)].concat();
    let controller = Controller::start(&program, &all);
    let said = controller.said(NAMESPACE);
    for expected in [
        "class: Accepted True Handled",
        "Gateway: Programmed True Programmed",
        "listener https: Programmed True Programmed",
        "listener http: Programmed True Programmed",
        "route my-release-milvus: Accepted True Accepted",
        "route my-release-milvus: ResolvedRefs True ResolvedRefs",
        "route my-release-milvus-redirect: Accepted True Accepted",
    ] {
        assert!(said.contains(&expected.to_owned()), "{expected}: {said:#?}");
    }
    assert!(said.iter().all(|line| line.contains(" True ")), "{said:#?}");
    let client = Client::of(&programs.python, TOLD, &programs.pair.certificate, controller.address, 443);
    client.answers("fill()\nask()", &format!("{FILLED}{ASKED}"));
    assert_eq!(client.asks_rest(&curl, "/v1/vector/query"), FILM);
    let answered = get_at(controller.address, 80, common::client::HOST, "/v2").unwrap();
    assert!(answered.starts_with("HTTP/1.1 301 "), "{answered}");
    assert!(answered.to_lowercase().contains("location: https://milvus.example.com/v2\r"), "{answered}");
}

#[test]
fn mistakes_have_their_reasons() {
    let (Some(program), Some(pair)) = (Program::find(), common::pair::Pair::get()) else { return };
    let flags = ["--gateway", "--backend=h2c", "--service-type=keep"];
    let release = Release::of_the_sample(&[&flags, &pair.flags()[..]].concat()).output;
    let pod = Ports::from([(19530, 19530)]);
    let namespace = |number: usize| format!("case-{number}");
    let mut all = vec![class(CLASS)];
    for (number, (mistake, _, _)) in MISTAKES.iter().enumerate() {
        let mut case = objects(&release, &pod, &namespace(number));
        mistake(&mut case);
        all.extend(case);
    }
    all.extend(objects(&release, &pod, &namespace(MISTAKES.len())));
    let controller = Controller::start(&program, &all);
    for (number, (mistake, reason, rule)) in MISTAKES.iter().enumerate() {
        let said = controller.said(&namespace(number));
        let mut of_route = said.iter().filter(|line| line.starts_with("route "));
        match reason {
            Some(reason) => assert!(said.contains(&(*reason).to_owned()), "{reason}: {said:#?}"),
            None => assert!(of_route.next().is_none(), "{said:#?}"),
        }
        let mut objects = release.clone();
        mistake(&mut objects);
        assert!(errors(&objects).contains(&(*rule).to_owned()), "{reason:?}: {:?}", errors(&objects));
    }
    // It is the mistakes that have them.
    let said = controller.said(&namespace(MISTAKES.len()));
    assert!(said.iter().all(|line| line.contains(" True ")), "{said:#?}");
}

type Mistake = fn(&mut Vec<Value>);

/// What Traefik says of it, if anything, and the rule of `check` that it breaks.
const MISTAKES: [(Mistake, Option<&str>, &str); 7] = [
    (
        |objects| {
            let listener = &mut object(objects, "Gateway")["spec"]["listeners"][0];
            listener["tls"]["certificateRefs"][0] =
                json!({"group": "networking.gke.io", "kind": "ManagedCertificate", "name": "milvus"});
        },
        Some("listener https: ResolvedRefs False InvalidCertificateRef"),
        "gateway-certificate",
    ),
    (
        |objects| object(objects, "HTTPRoute")["spec"]["parentRefs"][0]["sectionName"] = json!("grpc"),
        Some("route my-release-milvus: Accepted False NoMatchingParent"),
        "route-parent",
    ),
    (
        |objects| object(objects, "Gateway")["spec"]["listeners"][0]["hostname"] = json!("other.example.com"),
        Some("route my-release-milvus: Accepted False NoMatchingListenerHostname"),
        "route-host",
    ),
    (
        |objects| object(objects, "HTTPRoute")["spec"]["rules"][0]["backendRefs"][0]["port"] = json!(19531),
        Some("route my-release-milvus: ResolvedRefs False BackendNotFound"),
        "route-backend",
    ),
    (
        |objects| object(objects, "HTTPRoute")["spec"]["rules"][0]["backendRefs"][0]["name"] = json!("milvus"),
        Some("route my-release-milvus: ResolvedRefs False BackendNotFound"),
        "route-backend",
    ),
    (
        |objects| {
            let namespace = object(objects, "Gateway")["metadata"]["namespace"].take();
            let other = json!(format!("other-{}", namespace.as_str().unwrap()));
            object(objects, "Gateway")["metadata"]["namespace"] = other.clone();
            object(objects, "HTTPRoute")["spec"]["parentRefs"][0]["namespace"] = other;
        },
        Some("route my-release-milvus: Accepted False NotAllowedByListeners"),
        "route-parent",
    ),
    (
        |objects| drop(object(objects, "HTTPRoute")["spec"].as_object_mut().unwrap().shift_remove("parentRefs")),
        None,
        "route-parent",
    ),
];

fn object<'o>(objects: &'o mut [Value], kind: &str) -> &'o mut Value {
    objects.iter_mut().find(|object| object["kind"] == kind).unwrap()
}
