//! What the objects of an Ingress and of a Gateway have in common: their names, how they are written, and what is done
//! where they are in the stream already.

pub(super) mod existing;
pub(super) mod manifest;
pub(super) mod names;
pub(super) mod rivals;
pub(super) mod tls_secret;
