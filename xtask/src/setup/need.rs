//! Things that tests need, one by one.

use std::process::Command;

use anyhow::Result;

use super::browsers::Browsers;
use super::command::run;
use super::{Group, debian, npm, onnxruntime};
use crate::test::portable;
use crate::wasm;

/// Something to be installed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A program, by an argument that it answers to, and the packages that Debian has it in.
    Program(&'static str, &'static str, &'static [&'static str]),
    /// One that some tests can do without.
    Optional(&'static str, &'static str, &'static [&'static str]),
    /// Firefox and WebKit.
    Browsers,
    /// The library of ONNX Runtime.
    OnnxRuntime,
    /// Rust's standard library for wasm.
    Wasm,
    /// Rust's standard library for another system.
    Target(&'static str),
    /// Miri, of the nightly toolchain.
    Miri,
}

const NPM: Need = Need::Program(npm::PROGRAM, "--version", &["nodejs", "npm"]);

/// What a group of tests needs.
pub(super) fn of(group: Group) -> Vec<Need> {
    match group {
        Group::Rust => vec![
            // Speech to make recordings of, and recordings of every kind.
            Need::Program("espeak-ng", "--version", &["espeak-ng"]),
            Need::Program("ffmpeg", "-version", &["ffmpeg"]),
            // What people's own programs write: other headers, tags and blocks than ffmpeg's.
            Need::Program("sox", "--version", &["sox"]),
            Need::Program("flac", "--version", &["flac"]),
            Need::Program("lame", "--version", &["lame"]),
            Need::Program("opusenc", "--version", &["opus-tools"]),
            Need::Wasm,
            Need::OnnxRuntime,
        ],
        Group::Browser => vec![
            NPM,
            Need::Wasm,
            Need::Program("chromium", "--version", &["chromium"]),
            Need::Browsers,
        ],
        Group::Portable => {
            let mut needs: Vec<_> = portable::OTHER_SYSTEMS
                .into_iter()
                .map(Need::Target)
                .collect();
            if !cfg!(target_arch = "aarch64") {
                needs.push(Need::Optional(portable::QEMU, "--version", &["qemu-user"]));
                let gcc = &["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"];
                needs.push(Need::Optional(portable::LINKER, "--version", gcc));
            }
            needs.push(Need::Miri);
            needs
        }
        Group::Clients => {
            let sound = &["pulseaudio", "pulseaudio-utils"];
            let speech = &["speech-dispatcher", "speech-dispatcher-audio-plugins"];
            vec![
                Need::Program("pulseaudio", "--version", sound),
                Need::Program("speech-dispatcher", "--version", speech),
                Need::Optional("buildah", "--version", &["buildah"]),
                NPM,
            ]
        }
    }
}

impl Need {
    pub(super) fn is_missing(&self) -> bool {
        match *self {
            Self::Program(name, argument, _) | Self::Optional(name, argument, _) => {
                !debian::answers(name, argument)
            }
            Self::Browsers => !Browsers::look().missing().is_empty(),
            Self::OnnxRuntime => !onnxruntime::is_installed(),
            Self::Wasm => !portable::has_target(wasm::TARGET),
            Self::Target(target) => !portable::has_target(target),
            Self::Miri => !portable::has_miri(),
        }
    }

    /// Whether tests can do without, and then say what they leave out.
    pub(super) fn is_optional(&self) -> bool {
        match self {
            Self::Program(..) | Self::OnnxRuntime | Self::Wasm => false,
            Self::Optional(..) | Self::Browsers | Self::Target(_) | Self::Miri => true,
        }
    }

    /// What it is, and where it comes from.
    pub(super) fn describe(&self) -> String {
        match *self {
            Self::Program(name, _, packages) | Self::Optional(name, _, packages) => {
                format!("{name} (Debian: apt-get install {})", packages.join(" "))
            }
            Self::Browsers => {
                let packages = Browsers::look().missing().concat().join(" ");
                format!("Firefox and WebKit (Debian: apt-get install {packages})")
            }
            Self::OnnxRuntime => format!("ONNX Runtime (npm: {})", onnxruntime::source()),
            Self::Wasm => format!("rustup target add {}", wasm::TARGET),
            Self::Target(target) => format!("rustup target add {target}"),
            Self::Miri => "Miri (rustup toolchain install nightly --component miri)".to_owned(),
        }
    }

    pub(super) fn install(&self) -> Result<()> {
        let rustup = |args: &[&str]| {
            println!("$ rustup {}", args.join(" "));
            let mut rustup = Command::new("rustup");
            run(rustup.args(args).current_dir(crate::workspace())).map(drop)
        };
        match *self {
            Self::Program(name, argument, packages) | Self::Optional(name, argument, packages) => {
                debian::ensure(name, argument, packages)
            }
            Self::Browsers => Browsers::install(),
            Self::OnnxRuntime => onnxruntime::install(),
            Self::Wasm => rustup(&["target", "add", wasm::TARGET]),
            Self::Target(target) => rustup(&["target", "add", target]),
            Self::Miri => rustup(&[
                "toolchain",
                "install",
                "nightly",
                "--profile",
                "minimal",
                "--component",
                "miri,rust-src",
            ]),
        }
    }
}
