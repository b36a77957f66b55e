//! The settings of `huggingface_hub`, read from the environment.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::Proxy;

use super::error::FetchError;
use super::{Hub, HubBuilder};

pub(super) const ENDPOINT: &str = "https://huggingface.co";
pub(super) const RETRIES: u32 = 4;
pub(super) const RETRY_PAUSE: Duration = Duration::from_secs(1);

impl Hub {
    /// The hub as the environment describes it: `HF_HOME`, `HF_HUB_CACHE`,
    /// `XDG_CACHE_HOME`, `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`,
    /// `HF_HUB_OFFLINE` and the usual proxy variables.
    ///
    /// # Errors
    ///
    /// [`FetchError::Setting`] if no folder for downloads is known. Other unusable settings are
    /// reported when the hub is needed; local files do not need it.
    pub fn from_env() -> Result<Self, FetchError> {
        let builder = read(
            &|name| std::env::var_os(name),
            std::env::home_dir().as_deref(),
        )?;
        Ok(builder.proxy(Proxy::try_from_env()).build_unchecked())
    }
}

/// Reads the settings through `lookup`; `home` is the user's folder.
fn read(
    lookup: &dyn Fn(&str) -> Option<OsString>,
    home: Option<&Path>,
) -> Result<HubBuilder, FetchError> {
    let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
    let folder = |name: &str| get(name).map(|value| expand(value, home));
    let text = |name: &str| get(name).and_then(|value| value.into_string().ok());

    let home_cache = home.map(|home| home.join(".cache"));
    let hub_home = folder("HF_HOME").or_else(|| {
        let cache = folder("XDG_CACHE_HOME").or_else(|| home_cache.clone());
        Some(cache?.join("huggingface"))
    });
    let cache = folder("HF_HUB_CACHE")
        .or_else(|| folder("HUGGINGFACE_HUB_CACHE"))
        .or_else(|| Some(hub_home.as_ref()?.join("hub")))
        .ok_or_else(|| FetchError::Setting {
            name: "HF_HOME",
            problem: "no home folder is known: name a folder for downloads".to_owned(),
        })?;
    // pocket-tts itself does not look at XDG_CACHE_HOME.
    let web_cache = home_cache.map_or_else(
        || cache.join("pocket_tts"),
        |cache| cache.join("pocket_tts"),
    );

    let mut builder = Hub::builder(cache, web_cache);
    if let Some(endpoint) = text("HF_ENDPOINT") {
        builder = builder.endpoint(endpoint);
    }
    let token_file = folder("HF_TOKEN_PATH").or_else(|| Some(hub_home?.join("token")));
    let token = text("HF_TOKEN")
        .and_then(|token| clean(&token))
        .or_else(|| text("HUGGING_FACE_HUB_TOKEN").and_then(|token| clean(&token)))
        .or_else(|| clean(&fs::read_to_string(token_file?).ok()?));
    if let Some(token) = token {
        builder = builder.token(token);
    }
    let offline = text("HF_HUB_OFFLINE").is_some_and(|value| {
        let value = value.to_ascii_uppercase();
        matches!(value.as_str(), "1" | "ON" | "YES" | "TRUE")
    });
    Ok(builder.offline(offline))
}

/// The token without the line ends that files and pipes leave on it.
fn clean(token: &str) -> Option<String> {
    let token = token.trim();
    (!token.is_empty()).then(|| token.to_owned())
}

/// Shells do not expand `~` everywhere that a variable is set.
fn expand(value: OsString, home: Option<&Path>) -> PathBuf {
    let path = PathBuf::from(value);
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, NoProgress};

    #[derive(Default)]
    struct Case {
        variables: &'static [(&'static str, &'static str)],
        /// Content of `~/.cache/huggingface/token`.
        token_file: Option<&'static str>,
        cache: Option<&'static str>,
        token: Option<&'static str>,
        endpoint: Option<&'static str>,
        offline: bool,
    }

    #[test]
    fn variables_are_honoured_as_the_python_client_does() {
        let cases = [
            Case::default(),
            Case {
                variables: &[("XDG_CACHE_HOME", "~/xdg"), ("HF_TOKEN", "")],
                cache: Some("~/xdg/huggingface/hub"),
                ..Case::default()
            },
            Case {
                variables: &[
                    ("XDG_CACHE_HOME", "~/xdg"),
                    ("HF_HOME", "~/hf"),
                    ("HF_TOKEN", " from-variable\n"),
                ],
                token_file: Some("from-file"),
                cache: Some("~/hf/hub"),
                token: Some("from-variable"),
                ..Case::default()
            },
            Case {
                variables: &[
                    ("HF_HOME", "~/hf"),
                    ("HF_HUB_CACHE", "/cache"),
                    ("HF_HUB_OFFLINE", "yes"),
                ],
                cache: Some("/cache"),
                offline: true,
                ..Case::default()
            },
            Case {
                variables: &[
                    ("HF_ENDPOINT", "http://127.0.0.1:8080/"),
                    ("HF_HUB_OFFLINE", "0"),
                ],
                token_file: Some("from-file\n"),
                token: Some("from-file"),
                endpoint: Some("http://127.0.0.1:8080"),
                ..Case::default()
            },
            Case {
                variables: &[("HF_TOKEN_PATH", "~/none")],
                token_file: Some("from-file"),
                ..Case::default()
            },
            Case {
                variables: &[
                    ("HF_HOME", "~/elsewhere"),
                    ("HF_TOKEN_PATH", "~/.cache/huggingface/token"),
                ],
                token_file: Some("from-file"),
                cache: Some("~/elsewhere/hub"),
                token: Some("from-file"),
                ..Case::default()
            },
        ];
        for case in cases {
            let home = tempfile::tempdir().unwrap();
            let at_home = |path: &str| match path.strip_prefix("~/") {
                Some(rest) => home.path().join(rest),
                None => PathBuf::from(path),
            };
            if let Some(token) = case.token_file {
                fs::create_dir_all(at_home("~/.cache/huggingface")).unwrap();
                fs::write(at_home("~/.cache/huggingface/token"), token).unwrap();
            }
            let lookup = |name: &str| {
                let mut all = case.variables.iter();
                all.find(|it| it.0 == name).map(|it| it.1.into())
            };
            let hub = read(&lookup, Some(home.path()))
                .and_then(HubBuilder::build)
                .unwrap();
            let variables = case.variables;
            let cache = case.cache.unwrap_or("~/.cache/huggingface/hub");
            assert_eq!(hub.cache, at_home(cache), "{variables:?}");
            assert_eq!(
                hub.web_cache,
                at_home("~/.cache/pocket_tts"),
                "{variables:?}"
            );
            assert_eq!(hub.token(), case.token, "{variables:?}");
            let endpoint = case.endpoint.unwrap_or(ENDPOINT);
            assert_eq!(hub.endpoint, endpoint, "{variables:?}");
            assert_eq!(hub.offline, case.offline, "{variables:?}");
        }
    }

    #[test]
    fn unusable_settings_are_named() {
        let home = || Some(Path::new("/home/a"));
        for (variables, home, name) in [
            (None, None, "HF_HOME"),
            (
                Some(("HF_ENDPOINT", "huggingface.co")),
                home(),
                "HF_ENDPOINT",
            ),
            (Some(("HF_ENDPOINT", "http://")), home(), "HF_ENDPOINT"),
            (Some(("HF_TOKEN", "hf_a\nb")), home(), "HF_TOKEN"),
        ] {
            let lookup = |name: &str| {
                let variable: Option<(&str, &str)> = variables;
                variable.filter(|it| it.0 == name).map(|it| it.1.into())
            };
            let error = read(&lookup, home).and_then(HubBuilder::build).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }

    #[test]
    fn settings_of_the_hub_do_not_stop_what_needs_no_hub() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("voice.wav");
        fs::write(&file, "sound").unwrap();
        for (name, value) in [("HF_ENDPOINT", "hub.example"), ("HF_TOKEN", "hf_a\nb")] {
            let lookup = |asked: &str| (asked == name).then(|| value.into());
            let hub = read(&lookup, Some(folder.path()))
                .unwrap()
                .build_unchecked();
            let local = Location::Local(file.clone());
            assert_eq!(hub.fetch(&local, &NoProgress).unwrap(), file, "{name}");
            let of_hub = "hf://kyutai/open/voice.wav".parse().unwrap();
            let error = hub.fetch(&of_hub, &NoProgress).unwrap_err().to_string();
            assert!(error.starts_with(name), "{error}");
            // What was downloaded earlier does not need the hub either.
            let snapshots = ".cache/huggingface/hub/models--kyutai--open/snapshots";
            let commit = "3e82814a68665eec246ff649b14c71331f955c06";
            let cached = folder.path().join(snapshots).join(commit).join("voice.wav");
            fs::create_dir_all(cached.parent().unwrap()).unwrap();
            fs::write(&cached, "sound").unwrap();
            let pinned = format!("hf://kyutai/open/voice.wav@{commit}")
                .parse()
                .unwrap();
            assert_eq!(hub.fetch(&pinned, &NoProgress).unwrap(), cached, "{name}");
        }
    }
}
