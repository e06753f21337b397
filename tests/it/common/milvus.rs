//! A real Milvus 2.3.5, with the settings of a rendered chart.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::common::client::HOST;
use crate::common::pair::Pair;
use crate::common::server::{Server, free_ports};
use crate::common::{self, documents, run};

/// Ports of a pod, and where they are here.
pub(crate) type Ports = BTreeMap<u64, u16>;

/// What a test needs beyond the project.
pub(crate) struct Programs {
    pub(crate) pair: &'static Pair,
    pub(crate) milvus: PathBuf,
    pub(crate) envoy: PathBuf,
    pub(crate) python: PathBuf,
}

impl Programs {
    /// `None`, said aloud, where something is missing; with `CI=true` that is a failure.
    pub(crate) fn find() -> Option<Self> {
        Some(Self {
            pair: Pair::get()?,
            milvus: common::program("MILVUS_SERVER", "milvus-2.3.5/milvus")?,
            envoy: common::program("ENVOY", "envoy-1.40.0/envoy")?,
            python: common::program("PYMILVUS_PYTHON", "pymilvus-3.0.2/bin/python")?,
        })
    }
}

pub(crate) struct Milvus {
    pub(crate) ports: Ports,
    /// Its own, for `localhost`.
    pub(crate) certificate: String,
    _server: Server,
    _folder: TempDir,
}

impl Milvus {
    /// With the ConfigMap of a release.
    pub(crate) fn start(program: &Path, objects: &[Value]) -> Self {
        let settings = settings(objects);
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs::create_dir(file("configs")).unwrap();
        fs::write(file("configs/milvus.yaml"), serde_yaml::to_string(&settings).unwrap()).unwrap();
        fs::copy(program.with_file_name("glog.conf"), file("configs/glog.conf")).unwrap();
        fs::write(file("etcd.yaml"), "listen-client-urls: http://127.0.0.1:0\nlisten-peer-urls: http://127.0.0.1:0\n")
            .unwrap();
        // In the image there is one too.
        common::certificate(folder.path(), &["localhost"]);

        let mut command = Command::new(program);
        command.args(["run", "standalone"]);
        // Variables win over the file. What is elsewhere in a cluster is in the process itself.
        command.envs([("DEPLOY_MODE", "STANDALONE"), ("MQ_TYPE", "rocksmq"), ("COMMON_STORAGETYPE", "local")]);
        command.env("ETCD_USE_EMBED", "true").env("LD_LIBRARY_PATH", program.parent().unwrap());
        for (variable, path) in [
            ("HOME", ""),
            ("MILVUSCONF", "configs"),
            ("ETCD_CONFIG_PATH", "etcd.yaml"),
            ("ETCD_DATA_DIR", "etcd"),
            ("LOCALSTORAGE_PATH", "data"),
            ("ROCKSMQ_PATH", "rocksmq"),
            ("TLS_SERVERPEMPATH", "tls.crt"),
            ("TLS_SERVERKEYPATH", "tls.key"),
        ] {
            command.env(variable, file(path));
        }
        let [grpc, http, metrics, others @ ..] = free_ports::<11>();
        let internal = ["PROXY_INTERNALPORT", "ROOTCOORD_PORT", "QUERYCOORD_PORT", "DATACOORD_PORT", "INDEXCOORD_PORT"];
        let internal = internal.into_iter().chain(["QUERYNODE_PORT", "DATANODE_PORT", "INDEXNODE_PORT"]);
        command.envs(internal.zip(others.map(|port| port.to_string())));
        let proxy = &settings["proxy"];
        let mut ports = Ports::from([(9091, metrics), (proxy["port"].as_u64().unwrap(), grpc)]);
        command.env("METRICS_PORT", metrics.to_string()).env("PROXY_PORT", grpc.to_string());
        // Without a port of its own HTTP is beside gRPC.
        if let Some(port) = proxy["http"]["port"].as_u64() {
            ports.insert(port, http);
            command.env("PROXY_HTTP_PORT", http.to_string());
        }
        let server = Server::start(&command, folder.path(), metrics, "/healthz", "OK");
        let certificate = fs::read_to_string(file("tls.crt")).unwrap();
        Self { ports, certificate, _server: server, _folder: folder }
    }
}

/// A rendered chart, and what the program makes of it.
pub(crate) struct Release {
    pub(crate) input: Vec<Value>,
    pub(crate) output: Vec<Value>,
}

impl Release {
    pub(crate) fn new(chart: &Path, flags: &[&str]) -> Self {
        let input = fs::read(chart).unwrap();
        let args: Vec<_> = ["--host", HOST].iter().chain(flags).map(|&arg| arg.to_owned()).collect();
        let run = run(&args, &[], &input);
        assert_eq!(run.status, Some(0), "{}: {}", chart.display(), String::from_utf8_lossy(&run.stderr));
        let values = |stream: &[u8]| {
            let values = documents(stream).into_iter();
            let values = values.map(|document| serde_yaml::from_slice(common::body(document)).unwrap());
            values.filter(Value::is_object).collect()
        };
        Self { input: values(&input), output: values(&run.stdout) }
    }

    /// Of the project's own sample, whose Service is a LoadBalancer.
    pub(crate) fn of_the_sample(flags: &[&str]) -> Self {
        Self::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample/rendered.yaml"), flags)
    }
}

/// `default.yaml` and over it `user.yaml`, merged into one file as the chart's own tool does it.
fn settings(objects: &[Value]) -> Value {
    let texts =
        objects.iter().find_map(|object| Some([&object["data"]["default.yaml"], object["data"].get("user.yaml")?]));
    let [mut settings, user] =
        texts.expect("Milvus's ConfigMap").map(|text| serde_yaml::from_str::<Value>(text.as_str().unwrap()).unwrap());
    // Comments alone are nothing.
    if user.is_object() {
        json_patch::merge(&mut settings, &user);
    }
    settings
}
