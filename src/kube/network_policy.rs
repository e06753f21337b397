//! NetworkPolicies: pods that one of them selects let in only what one of them admits (Kubernetes networking/v1).

use std::net::Ipv4Addr;
use std::ops::Range;

use serde_json::{Map, Value};

use super::value::{array_at, set_at, str_at, value_at};

/// IPv4 addresses, as numbers.
pub type Block = Range<u64>;

/// All of them.
const EVERYTHING: Block = 0..1 << 32;

/// Addresses from which something is let in.
#[derive(Debug, Default)]
pub struct Admitted(Vec<Block>);

impl Admitted {
    /// Whether all of a block is let in.
    #[must_use]
    pub fn covers(&self, block: &Block) -> bool {
        let mut blocks: Vec<_> = self.0.iter().filter(|one| !one.is_empty()).collect();
        blocks.sort_by_key(|one| one.start);
        let reached = blocks.into_iter().fold(block.start, |reached, one| match one.contains(&reached) {
            true => one.end,
            false => reached,
        });
        reached >= block.end
    }

    /// Whether everybody is.
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        self.covers(&EVERYTHING)
    }

    /// Whether anybody outside these blocks is.
    #[must_use]
    pub fn goes_beyond(&self, blocks: &[Block]) -> bool {
        blocks.iter().fold(self.0.clone(), without).iter().any(|rest| !rest.is_empty())
    }
}

/// The addresses of a CIDR; `None` if it is not one of IPv4.
#[must_use]
pub fn block(cidr: &str) -> Option<Block> {
    let (address, length) = cidr.split_once('/')?;
    let (address, length): (Ipv4Addr, u32) = (address.parse().ok()?, length.parse().ok()?);
    let size = 1 << 32_u32.checked_sub(length)?;
    let start = u64::from(u32::from(address)) / size * size;
    Some(start..start + size)
}

fn without(blocks: Vec<Block>, except: &Block) -> Vec<Block> {
    let parts = |block: Block| [block.start..block.end.min(except.start), block.start.max(except.end)..block.end];
    blocks.into_iter().flat_map(parts).collect()
}

/// Whether a policy restricts who reaches pods with these labels.
#[must_use]
pub fn restricts(policy: &Value, labels: &Map<String, Value>) -> bool {
    let mut types = array_at(policy, "/spec/policyTypes").peekable();
    let is_about_ingress = types.peek().is_none() || types.any(|kind| kind == "Ingress");
    is_about_ingress && selects(value_at(policy, "/spec/podSelector").unwrap_or(&Value::Null), labels)
}

/// Whether a label selector selects these labels; an empty one selects all.
fn selects(selector: &Value, labels: &Map<String, Value>) -> bool {
    let mut wanted = value_at(selector, "/matchLabels").and_then(Value::as_object).into_iter().flatten();
    let fits = |expression: &Value| {
        let value = labels.get(str_at(expression, "/key").unwrap_or_default());
        let is_named = || array_at(expression, "/values").any(|named| Some(named) == value);
        match str_at(expression, "/operator") {
            Some("In") => is_named(),
            Some("NotIn") => !is_named(),
            Some("Exists") => value.is_some(),
            Some("DoesNotExist") => value.is_none(),
            _ => false,
        }
    };
    wanted.all(|(key, value)| labels.get(key) == Some(value)) && array_at(selector, "/matchExpressions").all(fits)
}

/// Who outside the cluster reaches a TCP port of pods that these policies restrict. `named` is the number of a named port.
pub fn admitted<'p>(
    policies: impl Iterator<Item = &'p Value>,
    port: u64,
    named: impl Fn(&str) -> Option<u64>,
) -> Admitted {
    let is_port = |entry: &Value| {
        let number = match value_at(entry, "/port") {
            None | Some(Value::Null) => return true,
            Some(Value::String(name)) => named(name),
            Some(number) => number.as_u64(),
        };
        let end = value_at(entry, "/endPort").and_then(Value::as_u64).or(number);
        number.zip(end).is_some_and(|(first, last)| (first..=last).contains(&port))
    };
    let is_tcp = |entry: &&Value| str_at(entry, "/protocol").is_none_or(|protocol| protocol == "TCP");
    let is_about = |rule: &&Value| {
        let mut ports = array_at(rule, "/ports").peekable();
        ports.peek().is_none() || ports.filter(is_tcp).any(is_port)
    };
    let rules = policies.flat_map(|policy| array_at(policy, "/spec/ingress")).filter(is_about);
    let blocks = rules.flat_map(|rule| {
        let mut peers = array_at(rule, "/from").peekable();
        match peers.peek() {
            None => vec![EVERYTHING],
            Some(_) => peers.filter_map(|peer| set_at(peer, "/ipBlock")).flat_map(of_peer).collect(),
        }
    });
    Admitted(blocks.collect())
}

fn of_peer(peer: &Value) -> Vec<Block> {
    let whole = str_at(peer, "/cidr").and_then(block).into_iter().collect();
    let except = array_at(peer, "/except").filter_map(|except| block(except.as_str()?));
    except.fold(whole, |blocks, except| without(blocks, &except))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OFFICE: &str = "203.0.113.0/24";

    #[test]
    fn blocks() {
        let cases = [
            ("10.0.0.0/8", Some(10 << 24..11 << 24)),
            ("10.1.2.3/8", Some(10 << 24..11 << 24)),
            ("0.0.0.0/0", Some(EVERYTHING)),
            ("255.255.255.255/32", Some((1 << 32) - 1..1 << 32)),
            ("10.0.0.0/33", None),
            ("10.0.0.0", None),
            ("2600:2d00:1:b029::/64", None),
        ];
        for (cidr, expected) in cases {
            assert_eq!(block(cidr), expected, "{cidr}");
        }
    }

    #[test]
    fn who_is_let_in() {
        // The rules of a policy, and whether the whole office reaches port 19530, which is named `milvus`.
        let cases = [
            (json!([]), false),
            (json!([{}]), true),
            (json!([{"from": []}]), true),
            (json!([{"from": [{"podSelector": {}}]}]), false),
            (json!([{"from": [{"ipBlock": {"cidr": OFFICE}}]}]), true),
            (json!([{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]), true),
            (json!([{"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["203.0.113.7/32"]}}]}]), false),
            (json!([{"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["203.0.114.0/24"]}}]}]), true),
            (json!([{"from": [{"ipBlock": {"cidr": "203.0.113.0/25"}}]}]), false),
            (
                json!([
                    {"from": [{"ipBlock": {"cidr": "203.0.113.128/25"}}]}, {"from": [{"ipBlock": {"cidr": "203.0.113.0/25"}}]}
                ]),
                true,
            ),
            (json!([{"ports": [{"port": 19530}]}]), true),
            (json!([{"ports": [{"port": 19531}]}]), false),
            (json!([{"ports": [{"port": "milvus"}]}]), true),
            (json!([{"ports": [{"port": "metrics"}]}]), false),
            (json!([{"ports": [{"port": 19000, "endPort": 20000}]}]), true),
            (json!([{"ports": [{"port": 19530, "protocol": "UDP"}]}]), false),
            (json!([{"ports": [{"protocol": "TCP"}]}]), true),
        ];
        for (ingress, expected) in cases {
            let policy = json!({"spec": {"ingress": ingress}});
            let named = |name: &str| (name == "milvus").then_some(19530);
            let admitted = admitted([&policy].into_iter(), 19530, named);
            assert_eq!(admitted.covers(&block(OFFICE).unwrap()), expected, "{ingress}");
        }
    }

    #[test]
    fn whom_a_policy_restricts() {
        let cases = [
            (json!({}), true),
            (json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}), true),
            (json!({"podSelector": {}, "policyTypes": ["Egress"]}), false),
            (json!({"podSelector": {"matchLabels": {"app": "milvus"}}}), true),
            (json!({"podSelector": {"matchLabels": {"app": "etcd"}}}), false),
            (
                json!({"podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["milvus"]}]}}),
                true,
            ),
            (
                json!({"podSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["milvus"]}]}}),
                false,
            ),
            (json!({"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}), true),
            (json!({"podSelector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}}), true),
        ];
        let labels = Map::from_iter([("app".to_owned(), json!("milvus"))]);
        for (spec, expected) in cases {
            assert_eq!(restricts(&json!({"spec": spec}), &labels), expected, "{spec}");
        }
    }

    #[test]
    fn beyond() {
        let office = [block(OFFICE).unwrap()];
        for (cidr, expected) in
            [(OFFICE, false), ("203.0.113.0/25", false), ("203.0.112.0/23", true), ("10.0.0.0/8", true)]
        {
            assert_eq!(Admitted(vec![block(cidr).unwrap()]).goes_beyond(&office), expected, "{cidr}");
        }
    }
}
