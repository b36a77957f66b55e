//! Arguments of `serve`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, ValueEnum};

use super::{DEFAULT_BUNDLE, RewritingArgs, RuntimeArgs};

/// Where the page is built.
pub(crate) const DEFAULT_PAGE: &str = "browser/demo/dist/";

#[derive(Debug, ClapArgs)]
pub(crate) struct ServeArgs {
    /// A bundle, or a folder of bundles. If the default folder has none, the page speaks with
    /// `starling`, the small model that is included in the program.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BUNDLE)]
    pub(crate) bundle: PathBuf,
    /// Folder of the built page; without it only the API is served.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_PAGE)]
    pub(crate) page: PathBuf,
    /// Address to listen on. Any address outside the loopback interface needs an API key.
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// Port; default: a free one.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(crate) port: u16,
    /// Leave out the isolation headers, to see the page as on a static host that cannot set them: it
    /// then speaks with one thread.
    #[arg(long)]
    pub(crate) no_isolation: bool,
    /// Open the page in the browser.
    #[arg(long)]
    pub(crate) open: bool,
    /// Print address and models as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) api: ApiArgs,
}

/// Speech for other programs.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct ApiArgs {
    /// Key that clients must send, as `Authorization: Bearer KEY`. Set as `POCKET_ONNX_API_KEY` it is
    /// not visible to other users of this machine, unlike an argument.
    #[arg(long, value_name = "KEY", env = "POCKET_ONNX_API_KEY", hide_env_values = true, value_parser = key)]
    pub(crate) api_key: Option<String>,
    /// Another host name that the server answers to, besides the loopback interface; `*` allows all.
    /// Can be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,
    /// Origin of web pages that may use the API, as `https://chat.example`; `*` allows all. Can be
    /// repeated.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,
    /// Also speak for Home Assistant: the address for its Wyoming protocol, as `127.0.0.1:10200`.
    /// The protocol has no keys: anybody who can reach the address may use it.
    #[arg(long, value_name = "IP:PORT", value_parser = address)]
    pub(crate) wyoming: Option<SocketAddr>,
    /// Announce the Wyoming server on the local network, so that Home Assistant finds it by itself.
    /// NAME is what it shows; default: `pocket-onnx-` and the machine's name.
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true,
        default_missing_value = "", requires = "wyoming")]
    pub(crate) zeroconf: Option<String>,
    /// Other names of voices, as `alloy=robin,nova=heron`. By default OpenAI's voice names are mapped
    /// to the bundle's voices in order, starting again when they run out.
    #[arg(long, value_name = "NAME=VOICE", value_delimiter = ',', value_parser = alias)]
    pub(crate) voice_map: Vec<(String, String)>,
    /// Texts that are spoken at the same time. They share the cores, and each takes memory of its own;
    /// with 1 they are spoken one after the other.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) workers: u16,
    /// Requests that may wait for one of them to end; further ones get status 429.
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub(crate) queue: u16,
    /// Longest text, in characters.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(crate) max_text: u32,
    #[command(flatten)]
    pub(crate) rewriting: RewritingArgs,
    #[command(flatten)]
    pub(crate) runtime: RuntimeArgs,
    /// How requests are logged, on standard error.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) log: LogForm,
    /// Count requests and sound for Prometheus, at `/metrics`.
    #[arg(long)]
    pub(crate) metrics: bool,
}

/// How requests are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// Only what goes wrong.
    #[default]
    Off,
    /// A line for each request.
    Text,
    /// A line of JSON for each request.
    Json,
}

impl ApiArgs {
    /// What holds without any argument.
    pub(crate) fn usual() -> Self {
        #[derive(Parser)]
        #[command(no_binary_name = true)]
        struct Usual {
            #[command(flatten)]
            api: ApiArgs,
        }

        Usual::parse_from([""; 0]).api
    }

    /// Voices by their other names.
    pub(crate) fn aliases(&self) -> BTreeMap<String, String> {
        self.voice_map.iter().cloned().collect()
    }
}

fn alias(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, voice)) if !name.is_empty() && !voice.is_empty() => {
            Ok((name.to_owned(), voice.to_owned()))
        }
        _ => Err("a name and a voice are expected, as in alloy=robin".into()),
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let expected = "an IP address and a port are expected, as in 127.0.0.1:10200";
    text.parse().map_err(|_| expected.into())
}

fn key(text: &str) -> Result<String, String> {
    let is_plain = text.chars().all(|letter| letter.is_ascii_graphic());
    if text.is_empty() || !is_plain {
        return Err("a key may contain only printable ASCII characters, without spaces".into());
    }
    Ok(text.to_owned())
}
