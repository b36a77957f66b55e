//! Options of speaking, as `speech` lists them.

use clap::error::Error;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use speech::{ListedOption, OptionKind, SpeechError, SpeechOptions, TypedValue};

/// The options of speaking that were given, by their names in the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct OptionArgs {
    given: Vec<(&'static str, TypedValue)>,
}

impl OptionArgs {
    /// Whether the option of this name is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == name)
    }

    /// `own`, with the given options replaced.
    pub(crate) fn or(&self, own: SpeechOptions) -> Result<SpeechOptions, SpeechError> {
        let mut options = own;
        for (name, value) in &self.given {
            options.set(name, *value)?;
        }
        Ok(options)
    }
}

impl Args for OptionArgs {
    fn augment_args(command: Command) -> Command {
        listed().fold(command, |command, (option, placeholder)| {
            command.arg(arg(option, placeholder))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for OptionArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let value = |name| Some((name, *matches.get_one::<TypedValue>(name)?));
        let given = listed().filter_map(|(option, _)| value(option.name));
        Ok(Self {
            given: given.collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Options that the command has, each with what stands for its value.
fn listed() -> impl Iterator<Item = (&'static ListedOption, &'static str)> {
    let options = SpeechOptions::LIST.iter();
    options.filter_map(|option| Some((option, option.command?)))
}

fn arg(option: &'static ListedOption, placeholder: &'static str) -> Arg {
    let help = option.help();
    Arg::new(option.name)
        .long(option.command_name())
        .value_name(placeholder)
        .help(help.trim_end_matches('.').to_owned())
        .allow_negative_numbers(option.kind != OptionKind::Flag)
        .value_parser(move |text: &str| parse(option, text))
}

fn parse(option: &ListedOption, text: &str) -> Result<TypedValue, String> {
    let value = match option.kind {
        OptionKind::Whole => text.parse().ok().map(TypedValue::Whole),
        OptionKind::Number => text.parse().ok().map(TypedValue::Number),
        OptionKind::Flag => text.parse().ok().map(TypedValue::Flag),
    };
    let value = value.ok_or(match option.kind {
        OptionKind::Whole => "not a whole number from 0 on",
        OptionKind::Number => "not a number",
        OptionKind::Flag => "neither true nor false",
    })?;
    option.check(value).map_err(|error| error.to_string())?;
    Ok(value)
}
