//! `wait`: `status`, again and again.

use std::time::{Duration, Instant};

use super::shared::refused_whole;
use super::status::{exit_status, report, told};
use crate::cli::Wait;
use crate::report::files::Files;
use crate::report::outcome::{Outcome, Status, Stdout};
use crate::report::progress::Progress;
use crate::report::refusal::Reason;
use crate::status::{Asked, Verdict};
use crate::stream::INPUT_LIMIT;
use crate::wait::command::{self, Failure, Gateways, Source};
use crate::wait::{End, Look, Trouble, Watch};

/// A command may take as long, at least.
const BOUND: Duration = Duration::from_secs(30);

pub(super) fn run(wait: Wait, progress: &mut dyn Progress) -> Result<Outcome, Outcome> {
    let Wait {
        release,
        namespace,
        context,
        gateway,
        gateway_namespace,
        operator,
        command,
        timeout,
        interval,
        dns,
        output,
    } = wait;
    let gateways = match (&gateway_namespace, gateway) {
        (Some(name), _) => Gateways::In(name),
        (None, true) => Gateways::Here,
        (None, false) => Gateways::Ignored,
    };
    let kubectl = || Source::kubectl(namespace.as_deref(), context.as_deref(), gateways, operator);
    let source = Source::other(command).unwrap_or_else(kubectl);
    let (timeout, interval) = (timeout.get(), interval.get());
    let asked = Asked { release, dns };
    let start = Instant::now();
    let mut watch = Watch::new(&source);
    let ended = |watch: &Watch<'_>, stderr: String, status| {
        let stdout = match watch.report() {
            Some(report) => told(report, output, true)?,
            None => Stdout::default(),
        };
        Ok(Outcome { stdout, stderr, status })
    };
    loop {
        let began = start.elapsed();
        let bound = interval.max(BOUND).min(timeout.saturating_sub(began));
        let mut tick = || watch.now(start.elapsed(), progress);
        tick();
        let look = look(&source, &asked, bound, &mut tick)?;
        let seen = start.elapsed();
        // A look that was begun late and cut off tells nothing.
        if seen >= timeout && watch.has_seen() && matches!(look, Look::Trouble(_)) {
            return ended(&watch, watch.time_is_up(timeout), Status::Pending);
        }
        watch.see(seen, look, progress);
        match watch.end() {
            Some(End::Ready) => return ended(&watch, String::new(), exit_status(Verdict::Ready)),
            Some(End::Broken(None)) => return ended(&watch, String::new(), exit_status(Verdict::Broken)),
            Some(End::Broken(Some(diagnostic))) => return ended(&watch, diagnostic.to_owned(), Status::Refused),
            None => {}
        }
        let left = timeout.saturating_sub(start.elapsed());
        // The last look is early enough to end in time.
        let is_last = left <= interval;
        let pause = if is_last { left.saturating_sub(2 * (seen - began)) } else { interval };
        let mut tick = || watch.now(start.elapsed(), progress);
        if pause.is_zero() {
            command::sleep(left, &mut tick);
            return ended(&watch, watch.time_is_up(timeout), Status::Pending);
        }
        command::sleep(pause, &mut tick);
    }
}

/// One look.
fn look(source: &Source, asked: &Asked, bound: Duration, tick: &mut dyn FnMut()) -> Result<Look, Outcome> {
    let input = match source.read(bound, tick) {
        Ok(input) => input,
        Err(failure @ Failure::NotThere { .. }) => {
            let help = "install kubectl and put it on PATH, or name a command after `--` that prints the objects";
            return Err(Outcome::failed(Status::Refused, format!("error: {failure}\n  = help: {help}\n")));
        }
        Err(failure) => return Ok(Look::Trouble(Trouble { words: failure.to_string(), refusal: None })),
    };
    if input.len() > INPUT_LIMIT {
        return Ok(unread(&Reason::TooLarge, refused_whole(&Reason::TooLarge.into())));
    }
    Ok(match report(&input, &Files::stdin(), asked) {
        Ok(report) => Look::Report(report.into()),
        Err(why) => unread(&why.0, why.1),
    })
}

/// A release that is not there may still come.
fn unread(reason: &Reason, outcome: Outcome) -> Look {
    let refusal = (!matches!(reason, Reason::UnknownRelease { .. })).then_some(outcome.stderr);
    Look::Trouble(Trouble { words: reason.to_string(), refusal })
}
