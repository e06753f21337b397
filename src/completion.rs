//! The completion scripts of shells.

use std::fmt::Write as _;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::Shell;

use crate::check::rules;
use crate::cli::{Cli, NAME};

/// The completion script of `shell`.
#[must_use]
pub fn script(shell: Shell) -> Vec<u8> {
    let mut command = shown(&Cli::command()).version(env!("CARGO_PKG_VERSION"));
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, NAME, &mut script);
    match shell {
        Shell::Bash => bash(&String::from_utf8_lossy(&script)).into_bytes(),
        Shell::Fish => [script, fish(&command).into_bytes()].concat(),
        _ => script,
    }
}

/// The command as it is to be completed: `clap_complete` offers hidden flags as well, and its scripts know no commands
/// behind an optional argument, which CONFIG is.
fn shown(command: &Command) -> Command {
    let is_filter = command.get_name() == NAME;
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
    let arguments = arguments.filter(|argument| !(is_filter && argument.is_positional())).map(with_values);
    Command::new(command.get_name().to_owned())
        .about(command.get_about().cloned().unwrap_or_default())
        .disable_help_subcommand(true)
        .args(arguments)
        .subcommands(command.get_subcommands().filter(|command| !command.is_hide_set()).map(shown))
}

/// clap does not know the names of rules as values: `check` and `explain` say more about a wrong one.
fn with_values(argument: &Arg) -> Arg {
    let is_rule = argument.get_value_names().is_some_and(|names| names.iter().any(|name| name.as_str() == "RULE"));
    let argument = argument.clone();
    if is_rule {
        argument.value_parser(PossibleValuesParser::new(rules::ALL.iter().map(|rule| rule.id)))
    } else {
        argument
    }
}

/// bash's script, which offers flags where a file or a value is wanted, and no values behind `=`.
fn bash(script: &str) -> String {
    const BEHIND_EQUALS: &str = "\
    prev=\"$3\"
    if [[ \"${cur}\" == = ]]; then
        cur=\"\"
    elif [[ \"${prev}\" == = ]]; then
        prev=\"${COMP_WORDS[COMP_CWORD-2]}\"
    fi
";
    // `clap_complete` writes the dashes of a name in two ways, and then does not find its commands again.
    let script = script.replace(&NAME.replace('-', "__subcmd__"), &NAME.replace('-', "__"));
    let mut text = String::new();
    for line in script.lines() {
        let blanks = line.len() - line.trim_start().len();
        if line.starts_with("    prev=") {
            text.push_str(BEHIND_EQUALS);
        } else if line.trim_start().starts_with("if [[ ${cur} == -* || ${COMP_CWORD} -eq ") {
            let _ = writeln!(text, "{:blanks$}if [[ ${{cur}} == -* ]] ; then", "");
        } else if blanks == 12 && line.contains("compgen -W \"${opts}\"") {
            let _ = writeln!(text, "{:blanks$}COMPREPLY=( $(compgen -W \"${{opts}}\" -X '-*' -- \"${{cur}}\") )", "");
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// What fish's script lacks: the values of arguments.
fn fish(command: &Command) -> String {
    let mut text = String::new();
    for command in command.get_subcommands() {
        for values in command.get_positionals().filter_map(|argument| argument.get_value_parser().possible_values()) {
            let values: Vec<_> = values.map(|value| value.get_name().to_owned()).collect();
            let (name, values) = (command.get_name(), values.join(" "));
            let using = format!("__fish_{}_using_subcommand {name}", NAME.replace('-', "_"));
            let _ = writeln!(text, "complete -c {NAME} -n \"{using}\" -f -a \"{values}\"");
        }
    }
    text
}
