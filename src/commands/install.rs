//! `helm-plugin` and `kustomize-plugin`: this program where Helm 4 and kustomize look for it.

use super::shared::warned;
use crate::install::{self, Environment, HelmPlugin, InstallError, Installed, KustomizePlugin};
use crate::report::outcome::{Outcome, Status};

pub(super) fn helm(action: HelmPlugin) -> Outcome {
    outcome(install::helm(action, &Environment::of_process()))
}

pub(super) fn kustomize(action: KustomizePlugin) -> Outcome {
    outcome(install::kustomize(action, &Environment::of_process()))
}

fn outcome(result: Result<Installed, InstallError>) -> Outcome {
    match result {
        Ok(Installed { message, warnings }) => Outcome {
            stdout: format!("{message}\n").into_bytes().into(),
            stderr: warned(&warnings),
            status: Status::Done,
        },
        Err(error) => Outcome::failed(Status::Refused, format!("error: {error}\n")),
    }
}
