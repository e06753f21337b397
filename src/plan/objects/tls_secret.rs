//! "Create a Secret of type kubernetes.io/tls" from a certificate and its key. It stands
//! before the Ingress: without the Secret GKE does not create a front end.

use serde_json::{Map, Value, json};

use super::manifest::Metadata;
use super::names;
use crate::certificate::Pair;
use crate::gke::kind;
use crate::milvus::release::Release;

pub(in crate::plan) fn manifest(release: &Release<'_>, pair: &Pair) -> Value {
    let mut secret = Map::new();
    secret.insert("apiVersion".to_owned(), json!(kind::SECRET.api_version));
    secret.insert("kind".to_owned(), json!(kind::SECRET.name));
    secret.insert("metadata".to_owned(), Metadata::new(names::certificate(release), release).into_value());
    secret.insert("type".to_owned(), json!(kind::TLS_SECRET));
    let data = json!({"tls.crt": base64(pair.certificate()), "tls.key": base64(pair.key())});
    secret.insert("data".to_owned(), data);
    Value::Object(secret)
}

fn base64(text: &str) -> String {
    use base64ct::Encoding as _;
    base64ct::Base64::encode_string(text.as_bytes())
}
