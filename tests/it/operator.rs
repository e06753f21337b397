//! Releases of the Milvus Operator (`testdata/operator`), judged by what the operator's own code makes of them.

use std::collections::BTreeSet;

use milvus_gke_l7::milvus::operator::expand;
use milvus_gke_l7::stream;
use serde_json::{Value, json};

use crate::common::operator::{Made, Operator, objects, resource, streams};
use crate::common::{changed_lines, diff, run};

/// The ways to call the program.
const WAYS: [&[&str]; 7] = [
    &[],
    &["--rest", "--timeout=1h", "--tls-secret=own"],
    &["--http-port=off", "--service-type=keep"],
    &["--gateway", "--cert-map=map"],
    &["--gateway", "--cert-map=map", "--rest"],
    &["--gateway", "--cert-map=map", "--backend=h2c", "--rest"],
    &["--gateway", "--cert-map=map", "--with-ingress", "--rest"],
];

/// What `check` may say of a good set-up.
const SAID: [&str; 5] = ["authentication-off", "no-backend-timeout", "plain-http", "outside-the-input", "client-plain"];

/// The operator's Service, ConfigMap and Deployment are what was derived, in all that matters.
#[test]
fn what_is_derived_is_what_the_operator_makes() {
    let Some(operator) = Operator::find() else { return };
    for one in streams() {
        let mut stream = stream::Stream::read(&one.text).unwrap();
        let count = stream.ids().count();
        expand(&mut stream);
        let derived: Vec<_> =
            stream.ids().skip(count).map(|id| serde_yaml::from_slice::<Value>(stream.body(id)).unwrap()).collect();
        let derived = |kind: &str| derived.iter().find(|object| object["kind"] == kind).expect(&one.name);
        let made = operator.made(&[resource(&objects(&one.text))]);
        let name = &one.name;

        let (ours, theirs) = (derived("Service"), made.of_kind("Service"));
        assert_eq!(ours["metadata"]["name"], theirs["metadata"]["name"], "{name}");
        assert_eq!(ours["metadata"]["labels"], theirs["metadata"]["labels"], "{name}");
        assert_eq!(ours["metadata"]["annotations"], theirs["metadata"]["annotations"], "{name}");
        let kind = |service: &Value| {
            service["spec"]["type"].as_str().filter(|kind| !kind.is_empty()).unwrap_or("ClusterIP").to_owned()
        };
        // The definition's default, which this judge does not know.
        assert_eq!(kind(ours), kind(theirs), "{name}");
        assert_eq!(ports(ours), ports(theirs), "{name}");

        let (ours, theirs) = (derived("ConfigMap"), made.of_kind("ConfigMap"));
        assert_eq!(ours["metadata"]["name"], theirs["metadata"]["name"], "{name}");
        let settings = |config: &Value| -> Value {
            serde_yaml::from_str(config["data"]["user.yaml"].as_str().unwrap_or_default()).unwrap_or_default()
        };
        let (ours, mut merged) = (settings(ours), settings(theirs));
        let theirs = merged.clone();
        if ours.is_object() {
            json_patch::merge(&mut merged, &ours);
        }
        assert_eq!(merged, theirs, "{name}: the operator says otherwise");

        let (ours, theirs) = (derived("Deployment"), made.of_kind("Deployment"));
        assert_eq!(ours["metadata"]["name"], theirs["metadata"]["name"], "{name}");
        let pods = |deployment: &Value| deployment["spec"]["template"]["metadata"]["labels"].clone();
        assert_eq!(pods(ours), pods(theirs), "{name}");
        let container = |deployment: &Value| deployment["spec"]["template"]["spec"]["containers"][0].clone();
        let (ours, theirs) = (container(ours), container(theirs));
        let ports = |container: &Value| -> BTreeSet<_> {
            let ports = container["ports"].as_array().unwrap().iter();
            ports.map(|port| format!("{} {}", port["name"], port["containerPort"])).collect()
        };
        assert_eq!(ports(&ours), ports(&theirs), "{name}");
        for variable in ours["env"].as_array().unwrap() {
            assert!(theirs["env"].as_array().unwrap().contains(variable), "{name}: {variable}");
        }
    }
}

/// Names and numbers of a Service's ports.
fn ports(service: &Value) -> BTreeSet<String> {
    let ports = service["spec"]["ports"].as_array().unwrap().iter();
    ports.map(|port| format!("{} {}", port["name"], port["port"])).collect()
}

/// Each resource in each way: what is not ours stays byte for byte, a second run changes nothing, the operator takes the
/// resource and restarts pods if and only if it must, and `check` finds nothing wrong with what the cluster holds then.
#[test]
fn every_resource_in_every_way() {
    let Some(operator) = Operator::find() else { return };
    let mut refused = BTreeSet::new();
    for one in streams() {
        for way in WAYS {
            let name = format!("{} {way:?}", one.name);
            let args: Vec<_> = ["--host", "milvus.example.com"].iter().chain(way).map(ToString::to_string).collect();
            let first = run(&args, &[], &one.text);
            if first.status != Some(0) {
                refused.insert(format!("{} {}", one.name, way.join(" ")));
                continue;
            }
            let second = run(&args, &[], &first.stdout);
            assert_eq!(second.status, Some(0), "{name}: {}", String::from_utf8_lossy(&second.stderr));
            assert!(second.stdout == first.stdout, "{name}\n{}", diff(&first.stdout, &second.stdout));

            let (before, after) = (objects(&one.text), objects(&first.stdout));
            let is_h2c = way.contains(&"--backend=h2c");
            let (old, new) = (resource(&before), resource(&after));
            for object in before.iter().filter(|object| object["kind"] != "Milvus") {
                assert!(after.contains(object), "{name}: {object} has changed");
            }
            if is_h2c {
                assert_eq!(old, new, "{name}");
                assert_eq!(changed_lines(&one.text, &first.stdout).0, 0, "{name}: a line is lost");
            }
            let made = operator.made(&[old, new]);
            // A port for REST is one of the container.
            let ports = |resource: &Value| resource.to_string().matches("serviceRestfulPort").count();
            let must_restart = old["spec"]["config"] != new["spec"]["config"] || ports(old) != ports(new);
            assert_eq!(made.restarts, must_restart, "{name}: pods restart without need, or do not");
            // With h2c the operator's Service stays as it is.
            let said = if is_h2c { "other-door" } else { "load-balancer-beside" };
            judge(&name, &made, said, after.iter().filter(|object| object["kind"] != "Milvus"));
        }
    }
    let expected = [
        "old-version --gateway --cert-map=map --rest",
        "old-version --gateway --cert-map=map --with-ingress --rest",
        "old-version --rest --timeout=1h --tls-secret=own",
        "tls-already --gateway --cert-map=map --backend=h2c --rest",
    ];
    assert_eq!(refused.into_iter().collect::<Vec<_>>(), expected);
}

/// `check` on what the cluster holds: what the operator makes, and the rest of the stream.
fn judge<'o>(name: &str, made: &'o Made, said: &str, others: impl Iterator<Item = &'o Value>) {
    let cluster: Vec<_> = made.objects.iter().chain(others).map(ToString::to_string).collect();
    let ignored = SAID.iter().chain([&said]).map(|rule| format!("--ignore={rule}"));
    let args: Vec<_> = ["check".to_owned(), "--output=json".to_owned()].into_iter().chain(ignored).collect();
    let checked = run(&args, &[], cluster.join("\n---\n").as_bytes());
    let text = String::from_utf8(checked.stdout).unwrap();
    let findings: Value = serde_json::from_str(&text).unwrap_or_else(|_| {
        panic!("{name}: {text}{}\n{}", String::from_utf8_lossy(&checked.stderr), cluster.join("\n---\n"))
    });
    assert_eq!(findings, json!([]), "{name}");
}

/// What the selector of our Service selects is what the operator's selects, of old resources and new ones.
#[test]
fn our_service_selects_what_the_operators_selects() {
    let Some(operator) = Operator::find() else { return };
    for one in streams() {
        let args =
            ["--host=milvus.example.com", "--gateway", "--cert-map=map", "--service-type=keep"].map(str::to_owned);
        let output = run(&args, &[], &one.text);
        assert_eq!(output.status, Some(0), "{}", one.name);
        let after = objects(&output.stdout);
        let made = operator.made(&[resource(&after)]);
        let labels = &made.of_kind("Deployment")["spec"]["template"]["metadata"]["labels"];
        let service = after.iter().find(|object| object["metadata"]["name"] == "films-milvus-gke").expect(&one.name);
        let selector = service["spec"]["selector"].as_object().unwrap();
        assert!(!selector.is_empty() && selector.iter().all(|(key, value)| labels[key] == *value), "{}", one.name);
        let is_marked = selector.contains_key("milvus.io/service");
        assert_eq!(is_marked, one.name == "marked", "{}: {selector:?}", one.name);
    }
}

#[test]
fn unknown_field() {
    let Some(operator) = Operator::find() else { return };
    let misspelt = json!({
        "apiVersion": "milvus.io/v1beta1", "kind": "Milvus", "metadata": {"name": "films"},
        "spec": {"components": {"standalone": {"serviceAnotations": {}}}},
    });
    let output = operator.run(&[&misspelt.to_string()]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("unknown field \"serviceAnotations\""), "{text}");
}

#[test]
fn settings_reach_milvus_and_restart_it() {
    let Some(operator) = Operator::find() else { return };
    let with = |config: Value, pods: Value| {
        json!({
            "apiVersion": "milvus.io/v1beta1", "kind": "Milvus", "metadata": {"name": "films"},
            "spec": {"config": config, "components": {"standalone": {"podAnnotations": pods}}},
        })
    };
    let plain = with(json!({}), json!({}));
    let tls = json!({"common": {"security": {"tlsMode": 1}}});
    assert!(!operator.made(&[&plain, &with(tls.clone(), json!({}))]).restarts, "the operator restarts pods by itself");
    let made = operator.made(&[&plain, &with(tls, json!({"checksum/config": "1"}))]);
    assert!(made.restarts);
    assert!(made.of_kind("ConfigMap")["data"]["user.yaml"].as_str().unwrap().contains("tlsMode: 1"));
}

/// The lines of docs/ways-in/operator.md, on the resource of the page.
#[test]
fn the_page() {
    let Some(operator) = Operator::find() else { return };
    let page = include_str!("../../docs/ways-in/operator.md");
    let blocks = |language: &str| {
        let start = format!("```{language}\n");
        page.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let text = blocks("yaml").remove(0);
    let mut ways = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()).filter(|line| line.contains("< milvus.yaml")) {
        let flags = line.strip_prefix("milvus-gke-l7 ").unwrap().split(" < ").next().unwrap();
        let args: Vec<_> = flags.split(' ').map(str::to_owned).collect();
        let output = run(&args, &[], text.as_bytes());
        assert_eq!(output.status, Some(0), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        let (before, after) = (objects(text.as_bytes()), objects(&output.stdout));
        let made = operator.made(&[resource(&before), resource(&after)]);
        let is_h2c = flags.contains("h2c");
        assert_eq!(made.restarts, !is_h2c, "{line}");
        assert_eq!(output.stdout.starts_with(text.as_bytes()), is_h2c, "{line}");
        let said = if is_h2c { "other-door" } else { "load-balancer-beside" };
        judge(line, &made, said, after.iter().filter(|object| object["kind"] != "Milvus"));
        ways += 1;
    }
    assert_eq!(ways, 2);
}
