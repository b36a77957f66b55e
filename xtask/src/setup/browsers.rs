//! Firefox and WebKit, which the package is tested and measured in beside Chromium.

#![allow(clippy::print_stdout, reason = "a chore talks to whoever started it")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::debian;

/// Programs of the browsers, where they are installed.
pub(crate) struct Browsers {
    firefox: Option<PathBuf>,
    /// WebKitGTK's MiniBrowser.
    webkit: Option<PathBuf>,
}

/// Names of Firefox's program: Debian's, and that of all others.
const FIREFOX: [&str; 2] = ["firefox-esr", "firefox"];
/// What drives WebKit, and the display that it is given.
const WEBKIT_NEEDS: [&str; 2] = ["WebKitWebDriver", "Xvfb"];
/// Where MiniBrowser is: folders of libraries, or of programs that other programs start; each has folders
/// of architectures.
const LIBRARIES: [&str; 4] = ["/usr/lib", "/usr/libexec", "/usr/lib64", "/usr/local/lib"];
/// The releases of WebKitGTK's interface, the newest first.
const WEBKITS: [&str; 3] = ["webkitgtk-6.0", "webkit2gtk-4.1", "webkit2gtk-4.0"];

impl Browsers {
    /// Looks for them and says which are missing, which is an error where `CI` is `true`.
    pub(crate) fn find() -> Result<Self> {
        let browsers = Self::look();
        let missing = browsers.missing();
        if missing.is_empty() {
            return Ok(browsers);
        }
        let packages = missing.concat().join(", ");
        let what = format!(
            "not every browser is there: `cargo xtask setup` installs {packages} on Debian, as root"
        );
        if env::var("CI").is_ok_and(|ci| ci == "true") {
            bail!("{what}");
        }
        println!("{what}; those that are missing are left out");
        Ok(browsers)
    }

    /// None of them: what measures in Chromium alone.
    pub(crate) fn chromium_alone() -> Self {
        Self {
            firefox: None,
            webkit: None,
        }
    }

    /// Whether none is missing.
    pub(crate) fn are_all(&self) -> bool {
        self.missing().is_empty()
    }

    /// Installs those that are missing, where this process may, and says where it may not.
    pub(crate) fn install() -> Result<()> {
        for packages in Self::look().missing() {
            if debian::may_install() {
                debian::install(packages)?;
            } else {
                println!("for tests in every browser install {}", packages.join(", "));
            }
        }
        Ok(())
    }

    /// Names them to the tests, in `command`'s environment.
    pub(crate) fn name_to<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let Self { firefox, webkit } = self;
        for (variable, program) in [
            ("POCKET_ONNX_FIREFOX", firefox),
            ("POCKET_ONNX_WEBKIT", webkit),
        ] {
            match program {
                Some(program) => command.env(variable, program),
                None => command.env_remove(variable),
            };
        }
        command
    }

    /// Looks for them.
    pub(crate) fn look() -> Self {
        let drives = WEBKIT_NEEDS.iter().all(|name| on_path(name).is_some());
        Self {
            firefox: FIREFOX.into_iter().find_map(on_path),
            webkit: drives.then(mini_browser).flatten(),
        }
    }

    /// Debian's packages of those that are missing, by browser.
    pub(crate) fn missing(&self) -> Vec<&'static [&'static str]> {
        let Self { firefox, webkit } = self;
        let packages: [(bool, &[&str]); 2] = [
            (firefox.is_none(), &["firefox-esr"]),
            (webkit.is_none(), &["webkit2gtk-driver", "xvfb"]),
        ];
        let missing = packages.into_iter().filter(|(missing, _)| *missing);
        missing.map(|(_, packages)| packages).collect()
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

fn mini_browser() -> Option<PathBuf> {
    WEBKITS.iter().find_map(|release| {
        let program = Path::new(release).join("MiniBrowser");
        LIBRARIES.iter().find_map(|libraries| {
            let folders = fs::read_dir(libraries).into_iter().flatten().flatten();
            let folders = folders.map(|folder| folder.path());
            std::iter::once(PathBuf::from(libraries))
                .chain(folders)
                .map(|folder| folder.join(&program))
                .find(|program| program.is_file())
        })
    })
}
