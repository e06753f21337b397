//! Every reason for which a stream is refused: what was found, why it cannot
//! work, what to do next. One list, so that the wording can be read in one go and
//! later modes (checks, function results) show the same words.

use std::borrow::Cow;

use super::mistaken::Mistaken;
use super::place::{Place, Spot};
use crate::stream::{DOCUMENT_LIMIT, DocumentId, INPUT_LIMIT, Stream, TooManyDocuments};
use crate::yaml::ParseError;

/// A reason and the place it is about.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// What was found.
    pub reason: Reason,
    /// Where, if it is about one document.
    pub place: Option<Box<Place>>,
}

impl Refusal {
    /// A reason that no single document is to blame for.
    pub(crate) fn new(reason: Reason) -> Self {
        Self { reason, place: None }
    }

    /// A reason with the place it is about.
    pub(crate) fn at(reason: Reason, document: DocumentId, spot: Spot) -> Self {
        Self { reason, place: Some(Box::new(Place { document, spot })) }
    }

    /// The same refusal, about the document of the input that the place is derived from.
    #[must_use]
    pub fn traced(self, stream: &Stream<'_>) -> Self {
        Self { place: self.place.map(|place| Box::new(place.traced(stream))), ..self }
    }

    /// A document that cannot be read.
    pub(crate) fn of_document(error: &ParseError, document: DocumentId) -> Self {
        let reason = Reason::DoesNotParse { message: error.to_string() };
        Self::at(reason, document, Spot::Line(error.line()))
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

impl From<TooManyDocuments> for Refusal {
    fn from(_: TooManyDocuments) -> Self {
        Self::new(Reason::TooManyDocuments)
    }
}

/// What makes a stream impossible to rewrite.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant is its documentation")]
pub enum Reason {
    #[error("the input is empty")]
    EmptyInput,
    #[error("the input is larger than {} MiB", INPUT_LIMIT >> 20)]
    TooLarge,
    #[error("the input has more than {DOCUMENT_LIMIT} documents")]
    TooManyDocuments,
    #[error("the configuration is {found}")]
    ConfigKind { found: String },
    #[error("the configuration holds several documents")]
    SeveralConfigs,
    #[error("the configuration does not parse: {message}")]
    BrokenConfig { message: String },
    #[error("unknown field `{field}`")]
    UnknownField { field: String, near: Option<String>, known: Vec<String> },
    #[error("`{field}`: {problem}")]
    FieldValue { field: String, problem: String },
    #[error("`{field}`: {problem}")]
    Options { field: String, problem: String },
    #[error("no host is given")]
    NoHost,
    #[error("the only resource is the configuration itself")]
    Generator,
    #[error("a ResourceList is not alone in the input")]
    SeveralResourceLists,
    #[error("no Milvus Service in the input")]
    NoMilvusService,
    #[error("no Milvus Service in the input, although the Milvus chart is there")]
    NoServiceOfChart,
    #[error("no Milvus Service in the input, only objects of other charts: {}", charts.join(", "))]
    OtherCharts { charts: Vec<String> },
    #[error("expected manifests, found {}", .0.what)]
    Mistaken(&'static Mistaken),
    #[error("expected manifests, found {}", .0.what)]
    MistakenForPrinted(&'static Mistaken),
    #[error("found {} among the manifests", .0.what)]
    TextBeside(&'static Mistaken),
    #[error("several Milvus releases in the input: {}", releases.join(", "))]
    SeveralReleases { releases: Vec<String> },
    #[error("no Milvus release `{wanted}` in the input, only: {}", releases.join(", "))]
    UnknownRelease { wanted: String, releases: Vec<String> },
    #[error("no Milvus Service `{wanted}` in the input, only: {}", services.join(", "))]
    UnknownService { wanted: String, services: Vec<String> },
    #[error("release `{release}` has several Services with a port to Milvus: {}", services.join(", "))]
    SeveralServices { release: String, services: Vec<String> },
    #[error("`{kind}` {api_version} is a version of the Milvus Operator's resource that cannot be edited")]
    OperatorVersion { kind: String, api_version: String },
    #[error("Service `{service}` belongs to the Milvus Operator")]
    OperatorsService { service: String },
    #[error("Milvus `{resource}` asks the operator for an Ingress")]
    OperatorIngress { resource: String },
    #[error("{field} of the resource is not a mapping")]
    OperatorField { field: String },
    #[error("the name of Service `{service}` would be longer than {most} characters")]
    LongServiceName { service: String, most: usize },
    #[error("component `{component}` has port {port}, and Milvus listens on {listens}")]
    OperatorPort { component: &'static str, port: u16, listens: u64, setting: &'static str },
    #[error("the input is empty")]
    NothingPrinted,
    #[error("a document in the input is not UTF-8")]
    PrintedNotUtf8,
    #[error("a document in the input does not parse: {message}")]
    PrintedDoesNotParse { message: String },
    #[error("a document in the input is not a Kubernetes object")]
    NoObject,
    #[error("several Milvus releases in the input: {}", releases.join(", "))]
    SeveralLiveReleases { releases: Vec<String> },
    #[error("several Services with a port to Milvus in the input: {}", services.join(", "))]
    SeveralLiveServices { services: Vec<String> },
    #[error("the Milvus Service has no name, or one that is not a string")]
    NoServiceName,
    #[error("the Milvus Service has no label `app.kubernetes.io/instance`")]
    NoReleaseLabel,
    #[error("the Milvus port of Service `{service}` has no name")]
    UnnamedPort { service: String },
    #[error("the Milvus port of Service `{service}` has no valid port number")]
    NoPortNumber { service: String },
    #[error("Service `{service}` is of type ExternalName")]
    ExternalName { service: String },
    #[error("Service `{service}` does not select a Milvus workload in the input")]
    NoPods { service: String },
    #[error("the Milvus container has no port named `{port}`")]
    NoContainerPort { port: &'static str },
    #[error("ConfigMap `{config_map}` is mounted by Milvus, but is not in the input")]
    CustomConfigMap { config_map: String },
    #[error("Milvus does not mount a `user.yaml`")]
    NoUserYaml,
    #[error("Milvus's `user.yaml` is not from a ConfigMap")]
    UserYamlElsewhere,
    #[error("ConfigMap `{config_map}` is mounted by Milvus, but is not in the input")]
    UnseenConfigMap { config_map: String },
    #[error("Milvus's settings are not from a ConfigMap")]
    UnseenUserYaml,
    #[error("`{key}` in ConfigMap `{config_map}` is not a string")]
    NotAText { key: String, config_map: String },
    #[error("`{key}` in ConfigMap `{config_map}` does not parse: {message}")]
    ConfigDoesNotParse { key: String, config_map: String, message: String },
    #[error("{what} in ConfigMap `{config_map}` is not what Milvus reads there")]
    ConfigNotAMapping { what: String, config_map: String },
    #[error("`{setting}` is set twice in `{file}`, in two forms: {first} and {second}")]
    TwoForms { setting: &'static str, file: String, first: String, second: String },
    #[error("Milvus is set to tlsMode 2")]
    TlsMode2,
    #[error("the environment variable {variable} of the Milvus container overrides `{setting}`")]
    Environment { variable: String, setting: &'static str },
    #[error("port {port} for Milvus's HTTP server is taken by its {by} port")]
    HttpPortTaken { port: u16, by: &'static str },
    #[error("--rest needs Milvus {since} or later, and the image is {version}")]
    RestTooOld { version: String, since: String },
    #[error("--rest needs Milvus's HTTP server on its own port")]
    RestWithoutHttp,
    #[error("Service `{service}` has another port with the name `{name}` or the number {port}")]
    RestPortTaken { service: String, name: &'static str, port: u16 },
    #[error("Service `{service}` has another port with the name `{name}` or the number {port}")]
    PlainRestPortTaken { service: String, name: &'static str, port: u16 },
    #[error("--rest needs Milvus's HTTP server, which is off")]
    RestOff,
    #[error("Milvus is set to tlsMode {mode}, and with h2c the load balancer does not speak TLS")]
    TlsWithH2c { mode: String },
    #[error("Service `{service}` has an internal load balancer, and the new one would be open to the internet")]
    InternalServiceOfGateway { service: String },
    #[error("Service `{service}` admits only {ranges}, and the new load balancer would admit everybody")]
    SourceRangesOfGateway { service: String, ranges: String },
    #[error("Service `{service}` has an internal load balancer, and the new one would be open to the internet")]
    InternalService { service: String },
    #[error("Service `{service}` admits only {ranges}, and the new load balancer would admit everybody")]
    SourceRanges { service: String, ranges: String },
    #[error("{}", warnings.join("\n"))]
    Warned { warnings: Vec<String> },
    #[error("the annotation `{annotation}` {problem}")]
    AnnotationValue { annotation: String, problem: &'static str },
    #[error("Service `{service}` has its own BackendConfig for a port to Milvus: {existing}")]
    OwnBackendConfig { service: String, existing: String },
    #[error("port `{port}` of Service `{service}` has the appProtocol `{existing}`")]
    OwnAppProtocol { service: String, port: String, existing: String, wanted: Option<&'static str> },
    #[error("Service `{service}` names its network endpoint group")]
    CustomNegName { service: String },
    #[error("{identity} is already in the input and differs from ours: {}", differences.join("; "))]
    Differs { identity: String, differences: Vec<String> },
    #[error("{identity} is in the input {count} times")]
    Repeated { identity: String, count: usize },
    #[error("{identity} is already a policy of {target}")]
    RivalPolicy { identity: String, target: String },
    #[error("{identity} already leads to Service `{service}`")]
    RivalRoute { identity: String, service: String },
    #[error("{identity} leads to Service `{service}`")]
    RivalIngress { identity: String, service: String },
    #[error("{identity} is left over from Google-managed mode")]
    LeftOverCertificate { identity: String },
    #[error("{identity} is in the input, and cert-manager will write it")]
    IssuedSecret { identity: String },
    #[error("the document is needed but is not UTF-8")]
    NotUtf8,
    #[error("the document is needed but does not parse: {message}")]
    DoesNotParse { message: String },
    #[error("the document cannot be edited safely: {message}")]
    CannotEdit { message: String },
}

impl Reason {
    /// Why it cannot work.
    #[must_use]
    pub fn why(&self) -> &'static str {
        match self {
            Self::EmptyInput => {
                "Helm passes nothing if all templates are disabled, and Helm 3 also with --output-dir; an empty \
                manifest would delete the release"
            }
            Self::TooLarge => {
                "the whole stream is held in memory so that nothing is written before everything is proved"
            }
            Self::TooManyDocuments => "the place of every document is held in memory",
            Self::ConfigKind { .. } | Self::SeveralConfigs => {
                "it is one object: a MilvusGkeL7 of milvus-gke-l7/v1alpha1 with `spec`, or a v1 ConfigMap with flat \
                    `data`"
            }
            Self::UnknownField { .. } => "nothing reads it, so it would have no effect",
            Self::BrokenConfig { .. } => "the options in it are needed",
            Self::FieldValue { .. } => "a field accepts what its flag accepts",
            Self::Options { .. } => "flags, environment and configuration together must make sense",
            Self::NoHost => "the load balancer answers for the domains that clients connect to",
            Self::Generator => {
                "kustomize runs it as a generator, which does not see the resources, or the kustomization has none"
            }
            Self::SeveralResourceLists => "a function gets one ResourceList and nothing else",
            Self::NoMilvusService => {
                "the Milvus Service is the one with a port whose targetPort is `milvus`; \
                cluster mode with proxy.enabled=false renders none"
            }
            Self::NoServiceOfChart => {
                "the chart renders none in cluster mode with proxy.enabled=false; a single template (`helm template \
                -s`) may be a different one, and hooks do not count"
            }
            Self::OtherCharts { .. } => "the Milvus Service is the one with a port whose targetPort is `milvus`",
            Self::Mistaken(read) | Self::MistakenForPrinted(read) | Self::TextBeside(read) => read.why,
            Self::SeveralReleases { .. } => "each release needs its own hosts",
            Self::UnknownService { .. } => "a Milvus Service has a port whose targetPort is `milvus`",
            Self::UnknownRelease { .. } | Self::SeveralLiveReleases { .. } => {
                "a release is known by its Service's label `app.kubernetes.io/instance`"
            }
            Self::NothingPrinted => "kubectl prints nothing on stdout when it fails; its own message says why",
            Self::PrintedNotUtf8 | Self::PrintedDoesNotParse { .. } | Self::NoObject => {
                "it reads what kubectl prints with `-o yaml` or `-o json`"
            }
            Self::SeveralLiveServices { .. } => "only one of them is behind the load balancer",
            Self::SeveralServices { .. } => "only one of them can be put behind the load balancer",
            Self::OperatorVersion { .. } => "only milvus.io/v1beta1 `Milvus` is supported",
            Self::OperatorsService { .. } => "the operator reverts whatever is changed in it",
            Self::OperatorIngress { .. } => {
                "that Ingress leads to Milvus as well, without a health check or a protocol, and the operator never deletes it"
            }
            Self::OperatorField { .. } => "it would have to be replaced, and the operator cannot read it",
            Self::LongServiceName { .. } => "the API server refuses it",
            Self::OperatorPort { .. } => "the operator gives the port to the Service and the container, not to Milvus",
            Self::NoServiceName => "the Ingress names the Service",
            Self::NoReleaseLabel => "new objects and the next steps are named after the release",
            Self::UnnamedPort { .. } => {
                "a Service with several ports needs their names, and behind an Ingress GKE looks the protocol up by \
                it: without one it speaks plain HTTP to Milvus's TLS port, and says nothing"
            }
            Self::NoPortNumber { .. } => "the Ingress names the port by its number",
            Self::ExternalName { .. } => "the load balancer needs pods behind the Service",
            Self::NoPods { .. } => {
                "the health-check port, Milvus's version and its configuration are read from the workload \
                that the Service selects"
            }
            Self::NoContainerPort { .. } => "the load balancer reaches pods by container port",
            Self::CustomConfigMap { .. } => {
                "TLS is switched on in Milvus's configuration, which this chart does not render \
                (customConfigMap is set)"
            }
            Self::NoUserYaml => {
                "with chart versions up to 3.3.1 Milvus mounts `milvus.yaml` only; settings in `user.yaml` would have \
                no effect"
            }
            Self::UserYamlElsewhere => "TLS is switched on in Milvus's configuration",
            Self::UnseenConfigMap { .. } | Self::UnseenUserYaml => {
                "with h2c the load balancer does not speak TLS, and the input does not show whether Milvus does \
                (common.security.tlsMode): if it does, the health check is green, and every call ends with status 503"
            }
            Self::NotAText { .. } => "Milvus reads it as YAML in a string",
            Self::ConfigNotAMapping { .. } => "Milvus reads mappings of settings",
            Self::ConfigDoesNotParse { .. } => "Milvus would not start with it, and settings cannot be merged into it",
            Self::TwoForms { .. } => {
                "Milvus flattens both into one key and keeps whichever comes up last, \
                which changes from start to start"
            }
            Self::TlsMode2 => {
                "with tlsMode 2 Milvus demands a client certificate, and Google's load balancer presents none"
            }
            Self::Environment { .. } => "Milvus prefers the environment to its configuration files",
            Self::HttpPortTaken { .. } => {
                "two servers cannot share a port, and Milvus does not start with TLS on while HTTP \
                shares the gRPC port"
            }
            Self::RestTooOld { .. } => "older versions do not serve REST while TLS is on",
            Self::RestWithoutHttp => "it is off, or it shares the gRPC port, which is not possible with TLS on",
            Self::RestOff => "that is what serves the REST API",
            Self::PlainRestPortTaken { .. } => {
                "the port that the load balancer uses for gRPC does not serve the REST API: REST becomes another port \
                of the Service"
            }
            Self::TlsWithH2c { .. } => "the health check would be green, and every call would end with status 503",
            Self::InternalServiceOfGateway { .. } | Self::SourceRangesOfGateway { .. } => {
                "an external Gateway has an address on the internet, and what restricts the Service does not apply to \
                    it"
            }
            Self::RivalPolicy { .. } => {
                "if there are two policies, GKE uses the older one, and says so only in a status"
            }
            Self::RivalRoute { .. } => {
                "the Service would be behind two load balancers, and both must speak to Milvus in the same way"
            }
            Self::RivalIngress { .. } => {
                "it is a separate load balancer, and does not speak to Milvus as the Gateway does"
            }
            Self::OwnAppProtocol { .. } => "the load balancer speaks to the port as it says, and case matters",
            Self::RestPortTaken { .. } => {
                "the REST API becomes a port of the Service, with Milvus's HTTP port as its number"
            }
            Self::InternalService { .. } | Self::SourceRanges { .. } => {
                "an external Ingress has an address on the internet, and what restricts the Service does not apply to \
                    it"
            }
            Self::Warned { .. } => "--strict refuses if there is a warning",
            Self::AnnotationValue { .. } => "GKE reads it as a JSON object",
            Self::OwnBackendConfig { .. } => {
                "ours would replace it, and its settings (a Cloud Armor policy, a timeout) would be lost"
            }
            Self::CustomNegName { .. } => "GKE refuses a custom NEG name on a Service behind an Ingress",
            Self::Differs { .. } => {
                "two objects with the same name cannot both be applied: the later one wins, or the install fails"
            }
            Self::Repeated { .. } => "the input does not say which of them is applied last",
            Self::LeftOverCertificate { .. } => {
                "with another certificate nothing would use it, and it would stay in Provisioning forever"
            }
            Self::IssuedSecret { .. } => "each upgrade would replace the issued certificate with this one",
            Self::NotUtf8 => "it cannot be parsed",
            Self::DoesNotParse { .. } => "what does not parse cannot be edited",
            Self::CannotEdit { .. } => "a guess could change something else; nothing has been written",
        }
    }

    /// What to do next.
    #[must_use]
    pub fn help(&self) -> Cow<'static, str> {
        let help = match self {
            Self::UnknownField { near: Some(near), .. } => return format!("did you mean `{near}`?").into(),
            Self::UnknownField { known, .. } => return format!("one of {}", known.join(", ")).into(),
            Self::ConfigKind { .. } => "set apiVersion and kind to one of these",
            Self::SeveralConfigs => "keep one of them",
            Self::BrokenConfig { .. } => "correct the YAML",
            Self::FieldValue { .. } => {
                "see `milvus-gke-l7 --help`, or give your editor the output of `milvus-gke-l7 schema`"
            }
            Self::Options { .. } => "see `milvus-gke-l7 --help`; each field has the name of its flag",
            Self::NoHost => "set `hosts` in the configuration's `spec`, --host, or MILVUS_GKE_L7_HOST",
            Self::Generator => "list it under `transformers:`, beside `resources:` or `helmCharts:`",
            Self::SeveralResourceLists => "run it with `kustomize build`, `kustomize fn run` or kpt",
            Self::EmptyInput => "pipe a rendered chart in: `helm template … | milvus-gke-l7 --host …`",
            Self::TooLarge | Self::TooManyDocuments => "pass only the Milvus release through",
            Self::NoMilvusService => "render the whole Milvus chart with its proxy or standalone enabled",
            Self::NoServiceOfChart => {
                "set proxy.enabled=true, or cluster.enabled=false, in your values, and pass the whole rendered chart"
            }
            Self::OtherCharts { .. } => "helm template my-release milvus/milvus | milvus-gke-l7 …",
            Self::Mistaken(read) | Self::TextBeside(read) => read.help,
            Self::SeveralReleases { .. } | Self::SeveralLiveReleases { .. } => "choose one with --release",
            Self::SeveralLiveServices { .. } => "give kubectl one namespace",
            Self::NothingPrinted
            | Self::PrintedNotUtf8
            | Self::PrintedDoesNotParse { .. }
            | Self::NoObject
            | Self::MistakenForPrinted(_) => {
                "kubectl get ingress,managedcertificate,backendconfig,service,events -o yaml | milvus-gke-l7 status"
            }
            Self::UnknownRelease { .. } => "name one of these with --release",
            Self::UnknownService { .. } => "name one of these with --service",
            Self::SeveralServices { .. } => "choose one with --service NAME, or remove the others from the stream",
            Self::OperatorVersion { .. } => {
                "upgrade the operator, and write the resource as milvus.io/v1beta1 `Milvus`"
            }
            Self::OperatorField { .. } => "correct it",
            Self::LongServiceName { .. } => "give the resource a shorter name, or use an Ingress",
            Self::OperatorsService { .. } => {
                "pass the `Milvus` resource that it is made from (kubectl get milvus NAME -o yaml), without what the \
                operator has made of it"
            }
            Self::OperatorIngress { .. } => {
                "remove `ingress` from the component, and delete the Ingress: kubectl delete ingress NAME-milvus"
            }
            Self::OperatorPort { port, setting, .. } => {
                return format!("set {setting} to {port} in spec.config, or remove the component's port").into();
            }
            Self::NoServiceName => "give it metadata.name, in quotes if it is a number",
            Self::NoReleaseLabel => "keep the chart's labels, or add that one",
            Self::UnnamedPort { .. } => {
                "set service.portName (chart 4.0.24 and later; an upgrade with --reuse-values from an older chart \
                loses it)"
            }
            Self::NoPortNumber { .. } => "set service.port to a number from 1 to 65535",
            Self::ExternalName { .. } => "set service.type to ClusterIP or LoadBalancer",
            Self::NoPods { .. } => "pass the whole rendered release through, not single templates (`helm template -s`)",
            Self::NoContainerPort { .. } => "keep the chart's container ports",
            Self::CustomConfigMap { .. } => "unset customConfigMap and give the settings in extraConfigFiles.user.yaml",
            Self::NoUserYaml => "upgrade the chart to 3.3.2 or later",
            Self::UnseenConfigMap { .. } => {
                "pass that ConfigMap through as well, or unset customConfigMap and give the settings in \
                extraConfigFiles.user.yaml"
            }
            Self::UserYamlElsewhere | Self::UnseenUserYaml => {
                "mount a ConfigMap from the input at /milvus/configs/user.yaml"
            }
            Self::NotAText { key, .. } | Self::ConfigDoesNotParse { key, .. } if key == "default.yaml" => {
                "render the chart's own default.yaml again"
            }
            Self::NotAText { .. } | Self::ConfigDoesNotParse { .. } | Self::ConfigNotAMapping { .. } => {
                "correct it (chart: extraConfigFiles.user.yaml; operator: spec.config)"
            }
            Self::TwoForms { .. } => "keep one of them",
            Self::TlsMode2 => "set common.security.tlsMode to 1",
            Self::Environment { .. } => "remove it (chart: extraEnv; operator: env of the component)",
            Self::HttpPortTaken { .. } => "choose another with --http-port",
            Self::RestTooOld { .. } => "upgrade Milvus, or omit --rest",
            Self::RestWithoutHttp => "give it a port with --http-port, or omit --rest",
            Self::RestPortTaken { .. } => "choose another port with --http-port, or rename that one",
            Self::PlainRestPortTaken { .. } => "change the name and the number of that port, or omit --rest",
            Self::RestOff => "set proxy.http.enabled to true, or omit --rest",
            Self::TlsWithH2c { .. } => "omit --backend h2c, or set common.security.tlsMode to 0",
            Self::InternalServiceOfGateway { .. } => {
                "pass --gateway=gke-l7-rilb for a load balancer in the VPC network, or --public if it should be on the \
                internet"
            }
            Self::SourceRangesOfGateway { .. } => {
                "pass --security-policy with a Cloud Armor policy that admits the same addresses, \
                --gateway=gke-l7-rilb for a load balancer in the VPC network, or --public if everybody may reach it"
            }
            Self::RivalPolicy { .. } => "set its fields with our flags, and remove it from the input",
            Self::RivalRoute { .. } => {
                "remove it from the input; to have an Ingress and a Gateway for a time, use --gateway --with-ingress"
            }
            Self::RivalIngress { .. } => {
                "if it is the Milvus chart's own, set ingress.enabled=false; otherwise remove it from the input"
            }
            Self::OwnAppProtocol { wanted: Some(wanted), .. } => {
                return format!("remove it, or pass --replace to set `{wanted}`").into();
            }
            Self::OwnAppProtocol { wanted: None, .. } => "remove it, or pass --replace to have it removed",
            Self::InternalService { .. } => {
                "pass --internal for a load balancer in the VPC network, or --public if it should be on the internet"
            }
            Self::SourceRanges { .. } => {
                "pass --security-policy with a Cloud Armor policy that admits the same addresses, --internal for a \
                load balancer in the VPC network, or --public if everybody may reach it"
            }
            Self::Warned { .. } => "fix that, or omit --strict",
            Self::AnnotationValue { .. } => "correct or remove it (in the chart: service.annotations)",
            Self::OwnBackendConfig { .. } => {
                "remove that entry from the annotation `cloud.google.com/backend-config`, \
                or, for its `default`, pass --replace to use ours"
            }
            Self::CustomNegName { .. } => "remove `name` from the annotation `cloud.google.com/neg`",
            Self::Differs { identity, .. } if identity.starts_with("Ingress") => {
                "if it is the Milvus chart's own, set ingress.enabled=false; otherwise remove it, or pass --replace to \
                replace it with ours"
            }
            Self::Differs { .. } => "remove it from the input, or pass --replace to replace it with ours",
            Self::Repeated { .. } => "keep one of them",
            Self::LeftOverCertificate { .. } => "remove it from the input, or pass no other certificate",
            Self::IssuedSecret { .. } => {
                "remove it from the input (in the chart: proxy.tls), or pass it with --tls-secret instead"
            }
            Self::NotUtf8 => "save it as UTF-8",
            Self::DoesNotParse { .. } => "correct the YAML",
            Self::CannotEdit { .. } => "write that part of the YAML in plain block style",
        };
        help.into()
    }
}
