//! The real rendered charts.

use std::path::{Path, PathBuf};

/// The folder of real rendered charts: `MILVUS_CHARTS`, or `../shared/charts`.
///
/// `None`, said aloud, where there is none; with `CI=true` that is a failure.
pub(crate) fn charts() -> Option<PathBuf> {
    folder("MILVUS_CHARTS", "../shared/charts", "rendered charts")
}

/// The folder of what kustomize hands to plugins: `KUSTOMIZE_STDIN`, or `../shared/kustomize-stdin`.
///
/// As [`charts`].
pub(crate) fn kustomize_stdin() -> Option<PathBuf> {
    folder("KUSTOMIZE_STDIN", "../shared/kustomize-stdin", "captured inputs")
}

/// The folder of GKE's CustomResourceDefinitions: `KUBE_CRDS`, or that of GKE's Ingress controllers.
///
/// As [`charts`].
pub(crate) fn crds() -> Option<PathBuf> {
    match std::env::var_os("KUBE_CRDS") {
        Some(_) => folder("KUBE_CRDS", "", "CustomResourceDefinitions"),
        None => Some(crate::common::judge("gce")?.join("crds")),
    }
}

/// Folders of definitions to judge the objects of a Gateway by: the judge's own with the newest and with the oldest Gateway
/// API, and both with each folder of `GATEWAY_CRDS` over them.
pub(crate) fn gateway_crds(own: &Path) -> Vec<Vec<PathBuf>> {
    let of = |gateway_api: &str| vec![own.join(gateway_api), own.join("gke-gateway-api")];
    let own = ["gateway-api", "gateway-api-1.2"].map(of);
    let mut all = own.to_vec();
    if let Some(more) = std::env::var_os("GATEWAY_CRDS") {
        let more = folder("GATEWAY_CRDS", &more.to_string_lossy(), "CustomResourceDefinitions");
        for entry in std::fs::read_dir(more.expect("GATEWAY_CRDS is a folder")).expect("a folder that can be read") {
            let more = entry.expect("a folder that can be read").path();
            // Later definitions take the place of earlier ones of the same version and kind.
            all.extend(own.iter().map(|own| [&own[..], std::slice::from_ref(&more)].concat()));
        }
    }
    all
}

fn folder(variable: &str, default: &str, what: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os(variable).map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(default), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    crate::common::left_out(&format!("{what} at {}", folder.display()), &format!("set {variable} to their folder"));
    None
}

/// All `.yaml` files below `folder`, sorted.
pub(crate) fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("a folder that can be read").path();
        if path.is_dir() {
            files.extend(yaml_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Charts that the load balancer cannot stand before, by a part of the case's name, and what the refusal must name.
const REFUSED: [(&str, &str); 5] = [
    // Charts up to 3.3.1 mount no user.yaml; several of their cases have other faults too.
    ("3.2.", ""),
    ("chart-ingress", "ingress.enabled=false"),
    ("custom-configmap", "customConfigMap"),
    ("proxy-disabled", "no Milvus Service"),
    ("user-yaml-tlsmode2", "tlsMode"),
];

/// Whether a chart's Service asks for an internal load balancer, or for some source ranges only: `--public` opens it.
pub(crate) fn is_restricted(rendered: &str) -> bool {
    let ranges = rendered.split("\n  loadBalancerSourceRanges:\n").nth(1);
    let is_open = |ranges: &str| {
        ranges.lines().take_while(|line| line.trim_start().starts_with("- ")).any(|line| line.ends_with("/0"))
    };
    rendered.contains("load-balancer-type: Internal") || ranges.is_some_and(|ranges| !is_open(ranges))
}

/// What the refusal of a chart must name, if it is to be refused.
pub(crate) fn refusal(case: &str, rendered: &str) -> Option<&'static str> {
    let (part, word) = REFUSED.iter().find(|(part, _)| case.contains(part))?;
    // Charts before 4.1.35 do not know customConfigMap.
    let ignored = *part == "custom-configmap" && rendered.contains("\n  default.yaml: |");
    (!ignored).then_some(*word)
}

/// `<chart version>/<case>.yaml`, without the references and what Helm 4 made of them.
pub(crate) fn cases(charts: &Path) -> Vec<String> {
    let files = yaml_files(charts).into_iter();
    let names = files.map(|file| file.strip_prefix(charts).unwrap().to_str().unwrap().to_owned());
    names.filter(|name| !name.starts_with("helm4/") && !name.ends_with(".reference.yaml")).collect()
}
