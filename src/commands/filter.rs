//! The main job. What arrives decides what the program is: a `ResourceList` makes it a
//! kustomize function, anything else a filter.

use std::io::Read;

use super::function;
use super::shared::{options, read, read_config, refused, refused_whole, settings, warned};
use crate::cli::Filter;
use crate::filter::{self, Output};
use crate::report::files::Files;
use crate::report::outcome::{Outcome, Status, Stdout, own_name_first};

pub(super) fn run(filter: Filter, input: impl Read) -> Result<Outcome, Outcome> {
    let Filter { asked, plugin_config, .. } = filter;
    let is_plugin = plugin_config.is_some();
    let mut options = options(asked)?;
    if let Some(file) = plugin_config {
        let named = |message: String| Outcome::failed(Status::Usage, own_name_first(&message));
        options = options.over(read_config(&file).map_err(named)?);
    }
    let input = read(input)?;
    if function::is_resource_list(&input) {
        return Ok(function::run(&input, options));
    }
    let settings = settings(options)?;
    // kustomize shows it without a word about whose it is.
    let named = |outcome: Outcome| match is_plugin {
        true => Outcome { stderr: own_name_first(&outcome.stderr), ..outcome },
        false => outcome,
    };
    let Output { stream, warnings } = {
        let stream = filter::read(&input).map_err(|refusal| named(refused_whole(&refusal)))?;
        let rewrite = filter::rewrite(&stream, &settings)
            .map_err(|refusal| named(refused(&refusal, &stream, &Files::stdin())))?;
        rewrite.output(stream).map_err(|refusal| named(refused_whole(&refusal)))?
    };
    Ok(Outcome { stdout: Stdout::of(input, stream), stderr: warned(&warnings), status: Status::Done })
}
