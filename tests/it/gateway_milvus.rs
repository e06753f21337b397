//! As `milvus.rs`, with a Gateway: a real Milvus behind an Envoy that is what GKE makes of our objects. With h2c Milvus has
//! the settings of the chart as it was. Each mistake that an API server takes fails at the client, and is found by `check`.
//! tests/judges/milvus/README.md says what this proves, and what not.
#![cfg(unix)]

use std::thread;

use serde_json::{Value, json};

use crate::common::{
    self,
    client::{ASKED, Client, FILLED, FILM, HOST, RESET, TOLD},
    corpus,
    envoy::{LoadBalancer, Material},
    gateway::{self, errors},
    milvus::{Milvus, Ports, Programs, Release},
    server,
};

const H2C: [&str; 3] = ["--gateway", "--backend=h2c", "--service-type=keep"];
const TLS: [&str; 2] = ["--gateway", "--backend=tls"];

#[test]
fn pymilvus_works_with_h2c_and_with_tls() {
    let (Some(programs), Some(charts)) = (Programs::find(), corpus::charts()) else { return };
    let answers = |chart: &str, flags: &[&str], is_own: bool| {
        let certificate = if is_own { programs.pair.flags().to_vec() } else { vec!["--cert-map=milvus-map"] };
        let release = Release::new(&charts.join(format!("{chart}.yaml")), &[flags, &certificate].concat());
        let settings = if flags == H2C { &release.input } else { &release.output };
        let milvus = Milvus::start(&programs.milvus, settings);
        let door = door(&programs, &release.output, &milvus.ports);
        let told = if is_own { TOLD.to_owned() } else { TOLD.replace("    server_pem_path=\"tls.crt\",\n", "") };
        assert!(door.is_healthy(), "{chart}");
        let client = Client::new(&programs.python, &told, &door);
        client.answers("fill()\nask()\ndrop()", &format!("{FILLED}{ASKED}[]\n"));
        assert!(errors(&release.output).is_empty(), "{chart}: {:?}", errors(&release.output));
    };
    thread::scope(|scope| {
        scope.spawn(|| answers("4.0.34/default-standalone", &H2C, true));
        scope.spawn(|| answers("4.2.20/cluster-default", &H2C, false));
        scope.spawn(|| answers("4.1.36/default-standalone", &TLS, false));
        scope.spawn(|| answers("4.1.36/cluster-default", &TLS, true));
    });
}

#[test]
fn curl_reaches_rest_beside_grpc() {
    let Some(programs) = Programs::find() else { return };
    let Some(curl) = common::program("CURL", "curl") else { return };
    let reached = |flags: &[&str]| {
        let flags = [flags, &programs.pair.flags(), &["--rest", "--redirect-http"]].concat();
        let release = Release::of_the_sample(&flags);
        let milvus = Milvus::start(&programs.milvus, &release.output);
        let door = door(&programs, &release.output, &milvus.ports);
        assert!(door.is_healthy(), "{flags:?}");
        let client = Client::new(&programs.python, TOLD, &door);
        client.answers("fill()\nask()", &format!("{FILLED}{ASKED}"));
        assert_eq!(client.asks_rest(&curl, "/v1/vector/query"), FILM, "{flags:?}");
        // No path of REST's: it goes where gRPC goes.
        assert_ne!(client.asks_rest(&curl, "/v11/vector/query"), FILM, "{flags:?}");
        let answered = server::get(door.http, HOST, "/v2").unwrap();
        assert!(answered.starts_with("HTTP/1.1 301 "), "{flags:?}: {answered}");
        assert!(answered.contains("location: https://milvus.example.com/v2\r"), "{flags:?}: {answered}");
    };
    thread::scope(|scope| {
        scope.spawn(|| reached(&H2C));
        scope.spawn(|| reached(&TLS));
    });
}

#[test]
fn each_mistake_fails_at_the_client_and_is_found() {
    let Some(programs) = Programs::find() else { return };
    let with = |flags: &[&str]| Release::of_the_sample(&[flags, &programs.pair.flags()].concat());
    let (h2c, tls) = (with(&H2C), with(&TLS));
    let (plain, encrypted) =
        (Milvus::start(&programs.milvus, &h2c.output), Milvus::start(&programs.milvus, &tls.output));
    let fails = |release: &Release, mistake: Mistake, is_healthy: bool, words: &str, rule: &str| {
        let milvus = if std::ptr::eq(release, &h2c) { &plain } else { &encrypted };
        let mut objects = release.output.clone();
        mistake(&mut objects);
        assert_ne!(objects, release.output, "{rule}: {words}");
        let door = door(&programs, &objects, &milvus.ports);
        assert_eq!(door.is_healthy(), is_healthy, "{rule}: {words}");
        Client::new(&programs.python, TOLD, &door).fails(HOST, words);
        let errors = errors(&objects);
        assert!(errors.contains(&rule.to_owned()), "{rule}: {errors:?}");
    };
    let no_policy: Mistake = |objects| objects.retain(|one| one["kind"] != "HealthCheckPolicy");
    let unhealthy = "UNAVAILABLE: no healthy upstream";
    let terminated = format!("{RESET}connection termination");
    thread::scope(|scope| {
        scope.spawn(|| {
            // HTTP/1.1 before gRPC, of which the health check sees nothing. Without TLS Milvus's REST answers on that port.
            let not_found = "UNIMPLEMENTED: Received http2 header with status: 404";
            fails(&h2c, |objects| speaks(objects, None), true, not_found, "gateway-protocol");
            fails(&h2c, |objects| speaks(objects, Some("h2c")), true, not_found, "gateway-protocol");
            fails(&tls, |objects| speaks(objects, None), true, &terminated, "gateway-protocol");
            let wrong = format!("{RESET}protocol error");
            fails(&tls, |objects| speaks(objects, Some("HTTPS")), true, &wrong, "gateway-protocol");
        });
        scope.spawn(|| {
            // One speaks TLS, and the other does not.
            let failure = format!("{RESET}remote connection failure");
            fails(&h2c, |objects| speaks(objects, Some("HTTP2")), true, &failure, "gateway-tls");
            fails(&tls, |objects| speaks(objects, Some("kubernetes.io/h2c")), true, &terminated, "gateway-tls");
            // No path that Milvus's calls have.
            let not_found = "UNIMPLEMENTED: fault filter abort";
            fails(&tls, |objects| leads(objects, "Exact", "/"), true, not_found, "route-path");
            fails(&h2c, |objects| leads(objects, "PathPrefix", "/*"), true, not_found, "route-path");
        });
        scope.spawn(|| {
            // Nobody answers the health check.
            fails(&h2c, no_policy, false, unhealthy, "gateway-health-missing");
            fails(&tls, no_policy, false, unhealthy, "gateway-health-missing");
            fails(&h2c, |objects| without_request_path(objects), false, unhealthy, "gateway-health");
        });
    });
}

fn speaks(objects: &mut [Value], word: Option<&str>) {
    let service = object(objects, "Service");
    let mut ports = service["spec"]["ports"].as_array_mut().unwrap().iter_mut();
    let port = ports.find(|port| port["port"] == 19530).unwrap().as_object_mut().unwrap();
    port.shift_remove("appProtocol").unwrap();
    port.extend(word.map(|word| ("appProtocol".to_owned(), json!(word))));
}

fn without_request_path(objects: &mut [Value]) {
    let check = &mut object(objects, "HealthCheckPolicy")["spec"]["default"]["config"]["httpHealthCheck"];
    check.as_object_mut().unwrap().shift_remove("requestPath").unwrap();
}

fn leads(objects: &mut [Value], kind: &str, path: &str) {
    object(objects, "HTTPRoute")["spec"]["rules"][0]["matches"][0]["path"] = json!({"type": kind, "value": path});
}

type Mistake = fn(&mut Vec<Value>);

/// The load balancer of objects before a Milvus.
fn door(programs: &Programs, objects: &[Value], pod: &Ports) -> LoadBalancer {
    gateway::load_balancer(objects, &Material::of(objects, programs, pod))
}

fn object<'o>(objects: &'o mut [Value], kind: &str) -> &'o mut Value {
    let is_ours = |one: &&mut Value| one["kind"] == kind && one["metadata"]["name"] == "my-release-milvus";
    objects.iter_mut().find(is_ours).unwrap()
}
