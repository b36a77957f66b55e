//! Arguments of `speech-dispatcher`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser};

use super::{DEFAULT_BUNDLE, RewritingArgs, RuntimeArgs};

#[derive(Debug, ClapArgs)]
pub(crate) struct DispatcherArgs {
    /// The module's configuration file: lines of an option and its value, as `bundle /srv/voices`.
    #[arg(
        value_name = "FILE",
        conflicts_with_all = ["bundle", "voice", "normalize", "replace", "backend", "onnxruntime", "threads"]
    )]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) options: DispatcherOptions,
}

/// What speaks, from the command line or from the file.
#[derive(Clone, Debug, Parser)]
#[command(name = "pocket-onnx speech-dispatcher", no_binary_name = true)]
pub(crate) struct DispatcherOptions {
    /// A bundle, or a folder of bundles. If the default folder has none, `starling` speaks, the small
    /// model that is included in the program.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    /// The voice, unless the user's settings ask for another one.
    #[arg(long, value_name = "NAME")]
    pub(crate) voice: Option<String>,
    #[command(flatten)]
    pub(crate) rewriting: RewritingArgs,
    #[command(flatten)]
    pub(crate) runtime: RuntimeArgs,
}
