//! Not in the guide, and nothing that should happen by surprise: a Milvus that not everybody could reach is not opened
//! to the internet unless somebody says so.

use crate::gke::exposure::{Only, Restriction};
use crate::kube::object::Object as _;
use crate::milvus::service::Service;
use crate::report::refusal::{Reason, Refusal};
use crate::settings::{Scheme, Settings};

/// Refuses to open a restricted Service.
pub(super) fn check(service: &Service<'_>, settings: &Settings) -> Result<(), Refusal> {
    if settings.public || settings.doors.scheme() == Scheme::Internal {
        return Ok(());
    }
    let Some(Restriction { at, to }) = Restriction::of(service.object.value()) else { return Ok(()) };
    let name = service.name.clone();
    let of_gateway = settings.doors.ingress().is_none();
    let reason = match to {
        Only::Network if of_gateway => Reason::InternalServiceOfGateway { service: name },
        Only::Network => Reason::InternalService { service: name },
        // Then the policy decides who gets in.
        Only::SourceRanges(_) if settings.backend.security_policy.is_some() => return Ok(()),
        Only::SourceRanges(_) if of_gateway => Reason::SourceRangesOfGateway { service: name, ranges: to.to_string() },
        Only::SourceRanges(_) => Reason::SourceRanges { service: name, ranges: to.to_string() },
    };
    Err(service.object.refuse(reason, at))
}
