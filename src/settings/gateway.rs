//! What a Gateway is asked for, as a configuration says it.

use super::text::deserialize_from_text;
use crate::gke::gateway::{Class, Protocol};

deserialize_from_text!(Class, {
    "enum": ["gke-l7-global-external-managed", "gke-l7-regional-external-managed", "gke-l7-rilb", "gke-l7-gxlb"]
});

deserialize_from_text!(Protocol, {"enum": ["tls", "h2c"]});
