//! Inputs from flags and from `INPUT_*` variables, with everything that is wrong told at once.
//!
//! A flag `--wait-for-minutes`, the variable `INPUT_WAIT_FOR_MINUTES` and the action's input `wait-for-minutes` are one
//! thing. A program's clap struct names it once, as a flag; the rest follows here, so that six programs cannot differ.

use std::{collections::BTreeMap, ffi::OsString, str::FromStr as _};

use clap::{
    Arg, ArgAction, ArgMatches, Command,
    builder::{BoolishValueParser, StringValueParser},
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::Faults;

/// The flag that is no input: like `--help`, it is answered without a run.
pub(crate) const PRINT_POLICY: &str = "--print-policy";

/// What every program takes.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct CommonInputs {
    /// Say exactly what would happen, and change nothing.
    ///
    /// The plan is complete and no writing call is made; the verdict is `planned`.
    #[arg(long)]
    pub dry_run: bool,

    /// Print the outputs as one JSON object on standard output; people read standard error.
    #[arg(long)]
    pub json: bool,
}

/// An input that has no flag: everybody on the machine can read another process's arguments.
///
/// Declared as `#[arg(long, hide = true)] name: Option<SecretInput>`, so that it is named and described where all inputs
/// are; read with [`Step::secret_input`](crate::Step::secret_input). The flag is always refused.
#[derive(Debug, Clone)]
pub struct SecretInput;

impl std::str::FromStr for SecretInput {
    type Err = &'static str;

    fn from_str(_: &str) -> Result<Self, Self::Err> {
        Err(
            "is secret, and arguments can be read by everybody on the machine: use the variable `INPUT_…` of that name instead",
        )
    }
}

/// How reading the inputs ended, where it did not end in inputs.
pub(crate) enum Stop {
    /// `--help` or `--version`: the text, with colours or without.
    Help(Box<clap::Error>),
    Faults(Faults),
}

/// The name under which a workflow file knows `arg`.
pub fn input_name(arg: &Arg) -> String {
    arg.get_long().map_or_else(|| arg.get_id().as_str().replace('_', "-"), str::to_owned)
}

/// The variable in which a composite action passes `arg`.
fn variable(arg: &Arg) -> String {
    format!("INPUT_{}", input_name(arg).replace('-', "_").to_uppercase())
}

/// `command` with what all inputs have in common: the variable's name in `--help`, and booleans that take a value.
pub fn prepare(command: Command) -> Command {
    command.args_override_self(true).mut_args(|arg| {
        let variable = variable(&arg);
        let arg = arg.env(variable).hide_env_values(true);
        if !matches!(arg.get_action(), ArgAction::SetTrue) {
            return arg;
        }
        let arg =
            if arg.get_default_values().is_empty() { arg.default_value("false") } else { arg };
        arg.action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(BoolishValueParser::new())
            .value_name("BOOL")
            .hide_possible_values(true)
    })
}

/// Reads the inputs of a program from its arguments and environment.
pub(crate) fn parse<I: clap::Parser>(
    arguments: &[OsString],
    environment: &BTreeMap<String, String>,
) -> Result<I, Stop> {
    // clap would take the variables as they are, blank ones and all lines of a list as one: we hand them over ourselves.
    let command = prepare(I::command()).mut_args(|arg| arg.env(clap::builder::Resettable::Reset));
    let with_environment = with_environment(&command, arguments, environment);
    let mut matches = match collect(command, with_environment) {
        // For reading, the names of the variables belong in.
        Err(Stop::Help(text)) => {
            let print_policy = Arg::new("print-policy")
                .long(PRINT_POLICY.trim_start_matches('-'))
                .action(ArgAction::SetTrue)
                .help("Print the IAM policy that a run needs");
            let readable = prepare(I::command()).arg(print_policy);
            return Err(Stop::Help(
                readable.try_get_matches_from(arguments).err().map_or(text, Box::new),
            ));
        }
        collected => collected?,
    };
    I::from_arg_matches_mut(&mut matches).map_err(|error| {
        let mut faults = Faults::default();
        faults.add("inputs", error.to_string());
        Stop::Faults(faults)
    })
}

/// The arguments, preceded by what `INPUT_*` variables say: a flag overrides its variable.
fn with_environment(
    command: &Command,
    arguments: &[OsString],
    environment: &BTreeMap<String, String>,
) -> Vec<OsString> {
    let given = command.clone().ignore_errors(true).try_get_matches_from(arguments).ok();
    let on_command_line = |arg: &Arg| {
        given.as_ref().is_some_and(|matches| {
            matches.try_contains_id(arg.get_id().as_str()).is_ok()
                && matches.value_source(arg.get_id().as_str())
                    == Some(clap::parser::ValueSource::CommandLine)
        })
    };
    let mut all: Vec<OsString> = arguments.first().cloned().into_iter().collect();
    for arg in command.get_arguments() {
        let Some(value) = environment
            .get(&variable(arg))
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
        else {
            continue;
        };
        // An action hands over its defaults too: what nobody chose contradicts nothing.
        let is_default = matches!(arg.get_default_values(), [default] if *default == *value);
        if arg.is_hide_set() || is_default || on_command_line(arg) {
            continue;
        }
        let flag = |value: &str| match arg.get_long() {
            Some(long) => OsString::from(format!("--{long}={value}")),
            None => OsString::from(value),
        };
        match arg.get_action() {
            ArgAction::Append => {
                all.extend(value.lines().map(str::trim).filter(|line| !line.is_empty()).map(flag));
            }
            _ => all.push(flag(value)),
        }
    }
    all.extend(arguments.iter().skip(1).cloned());
    all
}

/// clap stops at the first fault: note it, take that argument out of the way, parse again.
fn collect(mut command: Command, mut arguments: Vec<OsString>) -> Result<ArgMatches, Stop> {
    let mut faults = Faults::default();
    // Each round removes one cause, so this ends; the bound is for a fault that cannot be removed.
    for _ in 0..=arguments.len() + command.get_arguments().count() {
        let error = match command.clone().try_get_matches_from(&arguments) {
            Ok(matches) => return faults.check().map(|()| matches).map_err(Stop::Faults),
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                return Err(Stop::Help(Box::new(error)));
            }
            ErrorKind::MissingRequiredArgument => {
                for shown in context_strings(&error, ContextKind::InvalidArg) {
                    let name = name_of(&command, &shown);
                    faults.add(&name, "is required");
                    // Given in its place: an input may be required only because others are absent, which cannot be undone.
                    command = with_argument(command, &name, |arg| {
                        let arg = arg.value_parser(StringValueParser::new()).required(false);
                        arguments.extend(
                            arg.get_long().map(|long| OsString::from(format!("--{long}=x"))),
                        );
                        arg
                    });
                }
            }
            ErrorKind::UnknownArgument => {
                let shown = context_strings(&error, ContextKind::InvalidArg).concat();
                let names: Vec<String> = command.get_arguments().map(input_name).collect();
                let bare = shown.trim_start_matches('-').to_owned();
                faults.add(
                    &bare,
                    format!("there is no such input{}", crate::did_you_mean(&bare, &names)),
                );
                without(&mut arguments, &shown);
            }
            kind => {
                let shown = context_strings(&error, ContextKind::InvalidArg).concat();
                let name = name_of(&command, &shown);
                let secret =
                    command.get_arguments().any(|arg| arg.is_hide_set() && input_name(arg) == name);
                faults.add(&name, message(&error, kind, secret));
                if kind == ErrorKind::ArgumentConflict {
                    without_value(&command, &mut arguments, &name);
                } else {
                    command = with_argument(command, &name, |arg| {
                        arg.value_parser(StringValueParser::new()).num_args(0..).required(false)
                    });
                }
            }
        }
    }
    Err(Stop::Faults(faults))
}

/// What is wrong with a value, without clap's frame.
fn message(error: &clap::Error, kind: ErrorKind, secret: bool) -> String {
    let value = context_strings(error, ContextKind::InvalidValue).concat();
    let prior = context_strings(error, ContextKind::PriorArg);
    match kind {
        ErrorKind::ArgumentConflict => {
            let prior: Vec<String> = prior.iter().map(|arg| format!("`{}`", bare(arg))).collect();
            format!("cannot be used together with {}", prior.join(", "))
        }
        ErrorKind::InvalidValue if value.is_empty() => "needs a value".to_owned(),
        ErrorKind::InvalidValue => {
            let valid = context_strings(error, ContextKind::ValidValue);
            format!("`{value}` is none of {}", valid.join(", "))
        }
        // What was given for a secret must not be repeated.
        ErrorKind::ValueValidation if secret => {
            SecretInput::from_str(&value).err().unwrap_or_default().to_owned()
        }
        ErrorKind::ValueValidation => match std::error::Error::source(error) {
            Some(cause) if cause.is::<std::num::ParseIntError>() => {
                format!("`{value}` is not a whole number")
            }
            Some(cause) => format!("`{value}`: {cause}"),
            None => format!("`{value}` is not valid"),
        },
        _ => error
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned(),
    }
}

fn context_strings(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    }
}

/// clap shows an argument as `--name <VALUE>`, `--name[=<BOOL>]` or `<VALUE>`: its name.
fn name_of(command: &Command, shown: &str) -> String {
    let bare = bare(shown);
    command
        .get_arguments()
        .find(|arg| match arg.get_long() {
            Some(long) => long == bare,
            None => {
                arg.get_value_names().is_some_and(|names| names.iter().any(|name| name == bare))
            }
        })
        .map_or_else(|| bare.to_owned(), input_name)
}

fn bare(shown: &str) -> &str {
    let shown = shown.trim_start_matches(['-', '<', '[']);
    shown.split([' ', '=', '[', '>', ']']).next().unwrap_or(shown)
}

fn with_argument(command: Command, name: &str, change: impl FnOnce(Arg) -> Arg) -> Command {
    let id = command
        .get_arguments()
        .find(|arg| input_name(arg) == name)
        .map(|arg| arg.get_id().as_str().to_owned());
    match id {
        Some(id) => command.mut_arg(id, change),
        None => command,
    }
}

/// Takes `--flag`, `--flag=value` and a bare word out of `arguments`.
fn without(arguments: &mut Vec<OsString>, shown: &str) {
    let mut first = true;
    arguments.retain(|argument| {
        let argument = argument.to_string_lossy();
        let program = std::mem::take(&mut first);
        program || !(argument == shown || argument.starts_with(&format!("{shown}=")))
    });
}

/// Takes the input `name` out of `arguments`, also where its value is a word of its own.
fn without_value(command: &Command, arguments: &mut Vec<OsString>, name: &str) {
    let flag = format!("--{name}");
    let takes_a_word = command.get_arguments().any(|arg| {
        input_name(arg) == name && arg.get_action().takes_values() && !arg.is_require_equals_set()
    });
    while let Some(at) = arguments.iter().skip(1).position(|argument| *argument == *flag) {
        let last = if takes_a_word { at + 2 } else { at + 1 };
        arguments.drain(at + 1..=last.min(arguments.len() - 1));
    }
    without(arguments, &flag);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program.
    #[derive(Debug, clap::Parser)]
    #[command(name = "program")]
    struct Inputs {
        /// Required.
        #[arg(long)]
        service: String,
        #[arg(long, default_value = "default")]
        cluster: String,
        #[arg(long)]
        desired_count: Option<u32>,
        #[arg(long)]
        tags: Vec<String>,
        #[arg(long)]
        force: bool,
        #[arg(long, default_value_t = true)]
        wait: bool,
        #[arg(long, conflicts_with = "desired_count")]
        image: Option<String>,
        #[arg(long, required_unless_present = "revision")]
        family: Option<String>,
        #[arg(long, conflicts_with = "cluster")]
        revision: Option<String>,
        /// Secret.
        #[arg(long, hide = true)]
        token: Option<SecretInput>,
    }

    fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Inputs, String> {
        let arguments: Vec<OsString> =
            std::iter::once("program").chain(arguments.iter().copied()).map(Into::into).collect();
        let environment =
            environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        parse(&arguments, &environment).map_err(|stop| match stop {
            Stop::Help(error) => error.to_string(),
            Stop::Faults(faults) => faults.to_string(),
        })
    }

    #[test]
    fn a_variable_is_the_same_as_a_flag_and_the_flag_wins() {
        let inputs = read(
            &["--cluster", "from-flag"],
            &[
                ("INPUT_SERVICE", "api"),
                ("INPUT_FAMILY", "todo"),
                ("INPUT_CLUSTER", "from-env"),
                ("INPUT_TAGS", "\n a=1\n\n b=2\n"),
                ("INPUT_FORCE", "yes"),
            ],
        )
        .unwrap();
        assert_eq!(inputs.cluster, "from-flag");
        assert_eq!(inputs.tags, ["a=1", "b=2"]);
        assert!(inputs.force && inputs.wait);
    }

    #[test]
    fn blank_inputs_are_absent() {
        let inputs = read(
            &[],
            &[
                ("INPUT_SERVICE", "api"),
                ("INPUT_FAMILY", "todo"),
                ("INPUT_DESIRED_COUNT", " \n"),
                ("INPUT_WAIT", ""),
            ],
        )
        .unwrap();
        assert_eq!((inputs.desired_count, inputs.wait), (None, true));
    }

    #[test]
    fn booleans_are_flags_and_values() {
        for (argument, expected) in
            [("--wait", true), ("--wait=false", false), ("--wait=0", false), ("--wait=on", true)]
        {
            assert_eq!(
                read(&["--service", "x", "--family=todo", argument], &[]).unwrap().wait,
                expected,
                "{argument}"
            );
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let faults =
            read(&["--desired-count", "many", "--clutser=x", "--force=perhaps"], &[]).unwrap_err();
        assert_eq!(
            faults.lines().collect::<std::collections::BTreeSet<_>>(),
            [
                "`service`: is required",
                "`family`: is required",
                "`desired-count`: `many` is not a whole number",
                "`clutser`: there is no such input; did you mean `cluster`?",
                "`force`: `perhaps`: value was not a boolean",
            ]
            .into()
        );
    }

    #[test]
    fn contradictions_name_both_inputs() {
        let given: [&[&str]; 2] =
            [&["--desired-count=2", "--image=y"], &["--desired-count", "2", "--image", "y"]];
        for given in given {
            let faults =
                read(&[&["--service=x", "--family=todo"], given].concat(), &[]).unwrap_err();
            assert_eq!(faults, "`desired-count`: cannot be used together with `image`");
        }
    }

    #[test]
    fn a_default_that_the_action_hands_over_contradicts_nothing() {
        let given = |cluster| {
            let family = read(&["--service=x", "--revision=7"], &[("INPUT_CLUSTER", cluster)]);
            family.map(|inputs| inputs.cluster)
        };
        assert_eq!(given("default").as_deref(), Ok("default"));
        assert!(given("other").is_err_and(|faults| faults.contains("cannot be used together")));
    }

    #[test]
    fn a_secret_has_no_flag_and_is_not_repeated() {
        let faults = read(&["--service=x", "--family=y", "--token=hunter2"], &[]).unwrap_err();
        assert!(faults.contains("`token`: is secret") && !faults.contains("hunter2"), "{faults}");
        let inputs = read(&["--service=x", "--family=y"], &[("INPUT_TOKEN", "hunter2")]).unwrap();
        assert!(inputs.token.is_none());
    }

    #[test]
    fn help_names_the_variable_and_never_its_value() {
        let help = read(&["--help"], &[("INPUT_CLUSTER", "hidden-value")]).unwrap_err();
        assert!(!help.contains("hidden-value"), "{help}");
    }
}
