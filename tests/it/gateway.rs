//! Every real chart behind a Gateway, in both ways to speak to Milvus: what is not the Service's or Milvus's stays byte for
//! byte, and with h2c that is everything but one line of the Service. What the objects are is said by the golden cases,
//! what an API server says of them by `crdcheck`.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::common::{self, body, changed_lines, corpus, diff, documents};

const COMMON: [&str; 2] = ["--host=milvus.example.com", "--tls-secret=my-tls"];

#[test]
fn every_chart() {
    let Some(root) = corpus::charts() else { return };
    let (mut cases, mut refused, mut failures) = (0, 0, Vec::new());
    for file in
        corpus::yaml_files(&root).into_iter().filter(|file| !file.to_string_lossy().ends_with(".reference.yaml"))
    {
        let input = fs::read(&file).unwrap();
        let name = file.strip_prefix(&root).unwrap().display().to_string();
        cases += 1;
        match judge(&input) {
            Ok(true) => {}
            Ok(false) => refused += 1,
            Err(error) => failures.push(format!("{name}: {error:#}")),
        }
    }
    common::say(&format!("{cases} charts behind a Gateway, {refused} of them refused as without it"));
    assert!(failures.is_empty(), "{} of {cases} fail\n\n{}", failures.len(), failures.join("\n\n"));
    assert!(cases > refused, "all are refused");
}

/// Whether the chart is taken at all; where an Ingress is refused, so is a Gateway.
fn judge(input: &[u8]) -> Result<bool> {
    let public = corpus::is_restricted(&String::from_utf8_lossy(input)).then_some("--public");
    let run = |more: &[&str], input: &[u8]| {
        let args = COMMON.iter().chain(&public).chain(more).map(|arg| (*arg).to_owned());
        common::run(&args.collect::<Vec<_>>(), &[], input)
    };
    let h2c = ["--gateway", "--backend=h2c"];
    let kept = [&h2c[..], &["--service-type=keep"]].concat();
    let ingress = run(&[], input);
    if ingress.status != Some(0) {
        let gateway = run(&["--gateway"], input);
        ensure!(gateway.status == Some(1) && gateway.stdout.is_empty(), "an Ingress is refused, and a Gateway is not");
        // Old charts do not mount user.yaml, which h2c does not need.
        let first = run(&kept, input);
        if first.status == Some(0) {
            ensure!(!String::from_utf8_lossy(input).contains("subPath: user.yaml"), "h2c is not refused");
            one_line_more(input, &first.stdout)?;
            ensure!(run(&kept, &first.stdout).stdout == first.stdout, "{kept:?} changes its output");
        }
        return Ok(false);
    }
    let output = |args: &[&str]| -> Result<Vec<u8>> {
        let first = run(args, input);
        ensure!(first.status == Some(0), "{args:?}: {}", String::from_utf8_lossy(&first.stderr));
        let second = run(args, &first.stdout);
        ensure!(second.stdout == first.stdout, "{args:?} changes its output\n{}", diff(&first.stdout, &second.stdout));
        Ok(first.stdout)
    };
    let tls = output(&["--gateway"])?;
    as_with_an_ingress(input, &ingress.stdout, &tls).context("tls")?;
    beside_an_ingress(&ingress.stdout, &output(&["--gateway", "--with-ingress"])?).context("with an Ingress")?;
    if says_tls(input) {
        let refused = run(&h2c, input);
        ensure!(refused.status == Some(1) && refused.stdout.is_empty(), "h2c before a Milvus that speaks TLS");
        return Ok(true);
    }
    one_line_more(input, &output(&kept)?)?;
    changed_of(input, &output(&h2c)?)?;
    Ok(true)
}

fn one_line_more(input: &[u8], output: &[u8]) -> Result<()> {
    let (gone, come) = changed_of(input, output)?;
    ensure!((gone, come) == (0, 1), "with h2c and the Service's type kept -{gone} +{come} lines");
    Ok(())
}

/// The lines that change in the chart's own documents, which may only be the Service's.
fn changed_of(input: &[u8], output: &[u8]) -> Result<(usize, usize)> {
    let (before, after) = (documents(input), documents(output));
    let changed: Vec<_> = (0..before.len()).filter(|&at| before[at] != after[at]).collect();
    ensure!(changed.len() == 1, "{} documents change", changed.len());
    let at = changed[0];
    let service = value(after[at])?;
    ensure!(service["kind"] == "Service", "a {} changes", service["kind"]);
    let port =
        service["spec"]["ports"].as_array().and_then(|ports| ports.iter().find(|port| port["targetPort"] == "milvus"));
    ensure!(port.is_some_and(|port| port["appProtocol"] == "kubernetes.io/h2c"), "the port is {port:?}");
    Ok(changed_lines(before[at], after[at]))
}

/// A Gateway with TLS to the pods changes what an Ingress changes; only the Service says it in other words.
fn as_with_an_ingress(input: &[u8], ingress: &[u8], gateway: &[u8]) -> Result<()> {
    let before = documents(input);
    let (ingress, gateway) = (documents(ingress), documents(gateway));
    for (at, original) in before.iter().enumerate() {
        if ingress[at] == gateway[at] {
            continue;
        }
        let (mut service, mut other) = (value(gateway[at])?, value(ingress[at])?);
        ensure!(service["kind"] == "Service", "a {} is another than with an Ingress", service["kind"]);
        let original = value(original)?;
        let annotations = |service: &Value| match service["metadata"].get("annotations") {
            None | Some(Value::Null) => json!({}),
            Some(annotations) => annotations.clone(),
        };
        ensure!(annotations(&service) == annotations(&original), "annotations of the Service change");
        let ports = service["spec"]["ports"].as_array_mut().context("no ports")?;
        let port = ports.iter_mut().find(|port| port["targetPort"] == "milvus").context("no port of Milvus")?;
        let protocol = port.as_object_mut().and_then(|port| port.remove("appProtocol"));
        ensure!(protocol == Some(json!("HTTP2")), "the protocol is {protocol:?}");
        for service in [&mut service, &mut other] {
            service["metadata"].as_object_mut().context("no metadata")?.remove("annotations");
        }
        ensure!(service == other, "the Service is another than with an Ingress");
    }
    let kinds: Vec<_> = gateway[before.len()..].iter().map(|object| value(object)).collect::<Result<_>>()?;
    let kinds: Vec<_> = kinds.iter().filter_map(|object| object["kind"].as_str()).collect();
    ensure!(kinds == ["Gateway", "HTTPRoute", "HealthCheckPolicy"], "{kinds:?}");
    Ok(())
}

/// The Ingress is as without a Gateway beside it; the Service has one line more.
fn beside_an_ingress(ingress: &[u8], both: &[u8]) -> Result<()> {
    let (ingress, both) = (documents(ingress), documents(both));
    let changed: Vec<_> = (0..ingress.len()).filter(|&at| ingress[at] != both[at]).collect();
    ensure!(changed.len() == 1, "{} documents are others", changed.len());
    let lines = changed_lines(ingress[changed[0]], both[changed[0]]);
    ensure!(lines == (0, 1), "-{} +{} lines", lines.0, lines.1);
    ensure!(both.len() == ingress.len() + 3, "{} objects of a Gateway", both.len() - ingress.len());
    Ok(())
}

/// Whether some ConfigMap switches Milvus to TLS already.
fn says_tls(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    text.lines().any(|line| {
        let line = line.trim().trim_start_matches("common.security.");
        line.strip_prefix("tlsMode:").is_some_and(|mode| mode.trim() != "0")
    })
}

fn value(document: &[u8]) -> Result<Value> {
    serde_yaml::from_slice(body(document)).context("a document does not parse")
}
