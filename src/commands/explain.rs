//! `explain`: a rule of `check`, or all of them.

use crate::check::{report, rules};
use crate::cli::NAME;
use crate::report::outcome::{Outcome, Status};

pub(super) fn run(rule: Option<&str>) -> Result<Outcome, Outcome> {
    let Some(id) = rule else { return Ok(Outcome::done(report::list().into_bytes())) };
    let Some(rule) = rules::find(id) else {
        let help = rules::nearest(id)
            .map_or_else(|| format!("`{NAME} explain` lists all rules"), |near| format!("did you mean `{near}`?"));
        return Err(Outcome::failed(Status::Usage, format!("error: no such rule: {id}\n  help: {help}\n")));
    };
    Ok(Outcome::done(report::explain(rule).into_bytes()))
}
