//! The command line as a layer: flags, made of the table.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::{
    keys::{About, Form, Key},
    layer::{Given, Layer, Place},
};

/// What the flags of all keys say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags(pub(crate) Layer);

impl Args for Flags {
    fn augment_args(command: Command) -> Command {
        command.args(Key::ALL.iter().filter_map(|key| arg(key.about())))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(layer(matches, Key::ALL)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(layer(matches, Key::ALL));
        Ok(())
    }
}

/// Which keys say where the store is.
const STORE: [Key; 2] = [Key::Database, Key::Blobs];

/// The flags that say where the store is, and no others.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreFlags(pub(crate) Layer);

impl Args for StoreFlags {
    fn augment_args(command: Command) -> Command {
        command.args(STORE.iter().filter_map(|key| arg(key.about())))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for StoreFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(layer(matches, &STORE)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(layer(matches, &STORE));
        Ok(())
    }
}

fn arg(about: &'static About) -> Option<Arg> {
    let flag = about.flag?;
    let help = format!("{}  [key {}, variable {}; default: {}]", about.help, about.path, about.variable, about.usual);
    let arg = Arg::new(about.path).long(flag);
    Some(match about.form {
        Form::One(what) | Form::Secret(what) => arg.value_name(what).help(help),
        Form::Many(what) => arg.value_name(what).action(ArgAction::Append).help(format!("{help} May be repeated.")),
        Form::Switch(sets) => {
            let help = format!("Set `{}` to {sets}. {help}", about.path);
            arg.action(ArgAction::SetTrue).help(help)
        }
    })
}

fn layer(matches: &ArgMatches, keys: &[Key]) -> Layer {
    let mut layer = Layer::new();
    for key in keys {
        let About { path, flag: Some(flag), form, .. } = key.about() else { continue };
        let texts: Option<Vec<String>> = match form {
            Form::One(_) | Form::Secret(_) | Form::Many(_) => {
                matches.get_many::<String>(path).map(|texts| texts.cloned().collect())
            }
            Form::Switch(sets) => matches.get_flag(path).then(|| vec![(*sets).to_owned()]),
        };
        if let Some(texts) = texts {
            layer.insert(*key, Given { texts, place: Place::Flag(flag) });
        }
    }
    layer
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: Flags,
    }

    fn layer_of(line: &[&str]) -> Layer {
        Line::try_parse_from([&["x"], line].concat()).expect("it parses").flags.0
    }

    #[test]
    fn flags_say_what_was_written() {
        let layer = layer_of(&["--listen", "8081", "--host", "a", "--host", "b", "--no-auto-run"]);
        assert_eq!(layer[&Key::Listen].texts, ["8081"]);
        assert_eq!(layer[&Key::Hosts].texts, ["a", "b"]);
        assert_eq!(layer[&Key::AutoRun].texts, ["false"]);
        assert_eq!(layer[&Key::AutoRun].place.to_string(), "--no-auto-run");
        assert!(layer_of(&[]).is_empty());
    }

    #[test]
    fn help_names_every_flag_with_key_and_variable() {
        let help = <Line as clap::CommandFactory>::command().render_long_help().to_string();
        for about in Key::ALL.iter().map(|key| key.about()).filter(|about| about.flag.is_some()) {
            let flag = about.flag.map(|flag| format!("--{flag}")).unwrap_or_default();
            for word in [&flag, about.path, about.variable] {
                assert!(help.contains(word), "no {word}");
            }
        }
        assert!(!help.contains("OPENAI_API_KEY"), "a key has no flag");
    }
}
