//! Folders that a bundle is written into: mounted ones, read-only parents, overlays, old bundles,
//! and what else lies there.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use crate::namespace::WITHOUT_POWERS;
use crate::sandbox::{Sandbox, TINY, names};

/// Bundles of two operator sets, to be told apart.
fn convert(opset: u32) -> String {
    format!("{TINY} --quiet --opset-version {opset} --output-dir")
}

/// What is mounted is gone when the shell ends: it is copied out first.
const COPY: &str = "rm -rf copy; cp -a m copy; $P verify m > /dev/null";

#[test]
fn a_mounted_folder_is_converted_into() {
    let sandbox = Sandbox::new();
    let (old, new) = (convert(17), convert(18));
    for mount in [
        "mount -t tmpfs m m",
        // Of the same disk, so that no number tells.
        "mkdir -p other; mount --bind other m",
        "mkdir -p l u; mount -t tmpfs u u; mkdir u/u u/w; mount -t overlay o -o lowerdir=l,upperdir=u/u,workdir=u/w m",
    ] {
        let script = format!(
            "mkdir -p m; {mount}; mkdir -p m/lost+found; $P {old} m; test $(ls -A m | wc -l) = 15; \
             $P voice import m/voice.synthetic_1.safetensors --name me --bundle m; $P {new} m; {COPY}; \
             umount m; umount u 2> /dev/null || true; rm -rf other l u"
        );
        sandbox.mounting(&script).ok();
        fs::remove_dir(sandbox.path("copy/lost+found")).unwrap();
        let manifest = sandbox.manifest("copy");
        assert_eq!(manifest.opset_version, 18, "{mount}");
        let voices: Vec<_> = manifest.voices.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(voices, ["me", "synthetic_1", "synthetic_2"], "{mount}");
        assert_eq!(sandbox.partial(), [""; 0], "{mount}");
    }
}

/// As in an image of a container that brings a folder, or a bundle.
#[test]
fn a_folder_of_a_lower_layer_is_converted_into() {
    let sandbox = Sandbox::new();
    let (old, new) = (convert(17), convert(18));
    for there in ["mkdir l/b", &format!("$P {old} l/b")] {
        let script = format!(
            "mkdir l u o; {there}; mount -t tmpfs u u; mkdir u/u u/w; \
             mount -t overlay o -o lowerdir=l,upperdir=u/u,workdir=u/w o; $P {new} o/b; \
             test $(ls -A o | wc -l) = 1; ln -s o/b m; rm -rf copy; cp -a o/b copy; $P verify o/b > /dev/null; \
             rm m; umount o u; rm -rf l u o"
        );
        sandbox.mounting(&script).ok();
        assert_eq!(sandbox.manifest("copy").opset_version, 18);
    }
}

#[test]
fn a_folder_in_a_parent_that_is_read_only_is_converted_into() {
    let sandbox = Sandbox::new();
    let (old, new) = (convert(17), convert(18));
    for there in ["mkdir p/m", &format!("$P {old} p/m")] {
        let script = format!(
            "mkdir p; {there}; chmod 555 p; {WITHOUT_POWERS} $P {new} p/m; chmod 755 p; rm -rf copy; mv p/m copy; \
             rmdir p"
        );
        sandbox.mounting(&script).ok();
        assert_eq!(sandbox.manifest("copy").opset_version, 18);
        // And on a disk that is read-only but for the folder.
        let script = format!(
            "mkdir -p p/m; {}; mount --bind p p; mount --bind p/m p/m; mount -o remount,bind,ro p; \
             $P {new} p/m; umount p/m p; rm -rf copy; mv p/m copy; rmdir p",
            there.replace("mkdir p/m", "true")
        );
        sandbox.mounting(&script).ok();
        assert_eq!(sandbox.manifest("copy").opset_version, 18);
    }
}

/// Before a download, that is: there is no hub here.
#[test]
fn a_folder_that_cannot_be_written_is_told_before_the_work() {
    let sandbox = Sandbox::new();
    for (prepare, output) in [
        ("mkdir -p p/m; chmod 555 p p/m", "p/m"),
        ("mkdir -p p; chmod 555 p", "p/new"),
        ("mkdir -p p; chmod 555 p", "p/deep/new"),
        ("mkdir -p p/m; chmod 000 p/m", "p/m"),
    ] {
        let script = format!(
            "{prepare}; {WITHOUT_POWERS} $P convert --variant english --output-dir {output} || true; chmod -R 755 p; \
             test $(find p -type f | wc -l) = 0; rm -r p"
        );
        let ran = sandbox.mounting(&script).ok();
        assert!(
            ran.says(&["error: cannot write ", "Permission denied"]),
            "{ran}"
        );
    }
}

#[test]
fn a_bundle_of_another_format_version_is_replaced() {
    let sandbox = Sandbox::new();
    for version in ["3", "5", "4000"] {
        sandbox.run(&format!("{} b", convert(17))).ok();
        let manifest = sandbox.read("b/manifest.json");
        let now = format!("\"format_version\": {}", bundle::FORMAT_VERSION);
        let other = format!(
            "\"format_version\": {version}, \"later\": [{{\"name\": \"x.bin\", \"size\": 1, \"sha256\": \"\"}}]"
        );
        assert!(manifest.contains(&now));
        sandbox.write("b/manifest.json", manifest.replace(&now, &other));
        sandbox.write("b/x.bin", "a file of that version");
        sandbox.run(&format!("{} b", convert(18))).ok();
        assert_eq!(sandbox.manifest("b").opset_version, 18);
    }
}

#[test]
fn what_systems_leave_in_folders_does_not_block() {
    let sandbox = Sandbox::new();
    let clutter = [
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
        ".gitkeep",
        ".gitignore",
        "._manifest.json",
        ".directory",
    ];
    let leftovers = [
        ".manifest.json.ab12cd.partial",
        ".voice.me.safetensors.ab12cd.partial",
    ];
    for there in ["a bundle", "nothing"] {
        let _ = fs::remove_dir_all(sandbox.path("b"));
        if there == "a bundle" {
            sandbox.run(&format!("{} b", convert(17))).ok();
        }
        for name in clutter.into_iter().chain(leftovers) {
            sandbox.write(&format!("b/{name}"), name);
        }
        sandbox.run(&format!("{} b", convert(18))).ok();
        for name in clutter {
            assert_eq!(sandbox.read(&format!("b/{name}")), name, "{there}");
            fs::remove_file(sandbox.path("b").join(name)).unwrap();
        }
        // Which also finds that nothing else is there.
        assert_eq!(sandbox.manifest("b").opset_version, 18);
    }
}

#[test]
fn a_file_of_the_users_own_beside_a_bundle_is_refused_by_name_and_kept() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{} b", convert(17))).ok();
    for name in [
        "README.md",
        "me.safetensors",
        "model.onnx",
        ".env",
        "flow_lm.onnx.bak",
        ".git/HEAD",
        "a.partial",
    ] {
        sandbox.write(&format!("b/{name}"), "mine");
        let ran = sandbox.run(&format!("{} b", convert(18)));
        let shown = name.split('/').next().unwrap();
        assert!(ran.error().contains(&format!("({shown})")), "{ran}");
        assert_eq!(sandbox.read(&format!("b/{name}")), "mine");
        if name.contains('/') {
            fs::remove_dir_all(sandbox.path("b/.git")).unwrap();
        } else {
            fs::remove_file(sandbox.path("b").join(name)).unwrap();
        }
    }
    // A folder of inputs is no bundle's, though names are the same.
    sandbox.write("inputs/tokenizer.json", sandbox.read("tokenizer.json"));
    sandbox.write("inputs/manifest.json", r#"{"name": "a web app"}"#);
    let line = "convert --config tiny_english.yaml --synthetic 1 --tokenizer inputs/tokenizer.json --output-dir inputs";
    let ran = sandbox.run(line);
    assert!(
        ran.error().contains("(manifest.json, tokenizer.json)"),
        "{ran}"
    );
    assert_eq!(
        names(&sandbox.path("inputs")),
        ["manifest.json", "tokenizer.json"]
    );
}

#[test]
fn a_bundle_may_be_made_of_what_is_in_the_old_one() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{} b", convert(17))).ok();
    let before = sandbox.files("b");
    sandbox
        .run(
            "convert --config tiny_english.yaml --synthetic 1 --tokenizer b/tokenizer.json --output-dir b --quiet \
             --voices b/voice.synthetic_1.safetensors me=b/voice.synthetic_2.safetensors",
        )
        .ok();
    let manifest = sandbox.manifest("b");
    let voices: Vec<_> = manifest.voices.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(voices, ["synthetic_1", "me"]);
    let after = sandbox.files("b");
    for (new, old) in [
        ("voice.synthetic_1", "voice.synthetic_1"),
        ("voice.me", "voice.synthetic_2"),
    ] {
        let file = |name: &str| format!("{name}.safetensors");
        assert!(after[&file(new)] == before[&file(old)], "{new}");
    }
}

#[test]
fn links_to_the_folder_are_followed() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("real")).unwrap();
    symlink("real/b", sandbox.path("link")).unwrap();
    symlink("link", sandbox.path("chain")).unwrap();
    symlink("gone", sandbox.path("way")).unwrap();
    // Nothing is there yet where they lead.
    for (output, real) in [
        ("chain", "real/b"),
        ("link/", "real/b"),
        ("way/to/it", "gone/to/it"),
    ] {
        sandbox.run(&format!("{} {output}", convert(17))).ok();
        sandbox.manifest(real);
        sandbox.run(&format!("{} {output}", convert(18))).ok();
        assert_eq!(sandbox.manifest(real).opset_version, 18);
        assert_eq!(names(&sandbox.path("real")), ["b"]);
    }
    for link in ["link", "chain", "way"] {
        assert!(sandbox.path(link).is_symlink(), "{link}");
    }
    symlink("round", sandbox.path("round")).unwrap();
    let ran = sandbox.run(&format!("{} round", convert(17)));
    assert!(ran.error().contains("circle"), "{ran}");
}

#[test]
fn names_of_folders_of_every_kind() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(255);
    for output in [
        "a/./b/",
        "a/b/../c",
        "-x",
        &long,
        "...",
        "\u{e9}",
        "with two spaces",
    ] {
        for opset in [17, 18] {
            let mut command = sandbox.command(TINY);
            command.arg(format!("--opset-version={opset}"));
            command.arg(format!("--output-dir={output}"));
            sandbox.finish(output, &mut command).ok();
            assert_eq!(sandbox.manifest(output).opset_version, opset);
        }
    }
}

#[test]
fn mode_and_owner_of_the_folder_are_kept() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{} b", convert(17))).ok();
    for mode in [0o700, 0o755, 0o2775] {
        fs::set_permissions(sandbox.path("b"), fs::Permissions::from_mode(mode)).unwrap();
        if fs::metadata(sandbox.path("b")).unwrap().uid() == 0 {
            std::os::unix::fs::chown(sandbox.path("b"), Some(1234), Some(4321)).unwrap();
            fs::set_permissions(sandbox.path("b"), fs::Permissions::from_mode(mode)).unwrap();
        }
        let before = fs::metadata(sandbox.path("b")).unwrap();
        sandbox.run(&format!("{} b", convert(18))).ok();
        let after = fs::metadata(sandbox.path("b")).unwrap();
        assert_eq!(
            (before.mode(), before.uid(), before.gid()),
            (after.mode(), after.uid(), after.gid())
        );
    }
}

/// The files of a bundle, moved in one by one, where the program is killed after each step.
#[test]
fn a_kill_while_files_move_in_is_put_right() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{} old", convert(17))).ok();
    sandbox.run(&format!("{} new", convert(18))).ok();
    let (old, new) = (sandbox.files("old"), sandbox.files("new"));
    let steps = old.len() + new.len();
    for step in [
        1,
        2,
        old.len(),
        old.len() + 1,
        old.len() + 5,
        steps - 1,
        steps,
    ] {
        for next in ["import", "convert"] {
            let _ = fs::remove_dir_all(sandbox.path("b"));
            let staging = "b/.bundle.partial";
            fs::create_dir_all(sandbox.path(&format!("{staging}/old"))).unwrap();
            // The order is that of `docs/design/export.md`: the old manifest first, the new one last.
            let mut out: Vec<_> = old.iter().collect();
            out.sort_by_key(|(name, _)| *name != "manifest.json");
            let mut come: Vec<_> = new.iter().collect();
            come.sort_by_key(|(name, _)| *name == "manifest.json");
            for (index, (name, content)) in out.into_iter().enumerate() {
                let dir = if index < step {
                    "b/.bundle.partial/old"
                } else {
                    "b"
                };
                sandbox.write(&format!("{dir}/{name}"), content);
            }
            for (index, (name, content)) in come.into_iter().enumerate() {
                let dir = if index + old.len() < step {
                    "b"
                } else {
                    staging
                };
                sandbox.write(&format!("{dir}/{name}"), content);
            }
            if step < steps {
                let ran = sandbox.run("speak Hi. --bundle b -o x.wav");
                assert!(
                    ran.error().contains("was killed and has to be run again"),
                    "{step}: {ran}"
                );
            }
            if next == "convert" {
                sandbox.run(&format!("{} b", convert(20))).ok();
                assert_eq!(sandbox.manifest("b").opset_version, 20, "{step}");
            } else {
                let source = "new/voice.synthetic_1.safetensors";
                sandbox
                    .run(&format!("voice import {source} --name me --bundle b"))
                    .ok();
                if step == steps {
                    fs::remove_dir_all(sandbox.path(staging)).unwrap();
                }
                let manifest = sandbox.manifest("b");
                assert_eq!(manifest.opset_version, 18, "{step}");
                assert_eq!(manifest.voices.len(), 3, "{step}");
            }
        }
    }
}

#[test]
fn a_conversion_into_the_folder_one_is_in_leaves_that_folder() {
    let sandbox = Sandbox::new();
    let line = convert(18).replace("tiny_english.yaml", "../tiny_english.yaml");
    let line = line.replace("--tokenizer ", "--tokenizer ../");
    sandbox.run(&format!("{} b", convert(17))).ok();
    for output in [".", "$PWD"] {
        let script = format!("cd b; $P {line} {output}; test -f manifest.json; ls -A | wc -l");
        let ran = sandbox.mounting(&script).ok();
        assert_eq!(ran.stdout.trim(), "14", "{ran}");
        assert_eq!(sandbox.manifest("b").opset_version, 18);
    }
    let mut command = sandbox.command(&convert(17));
    let ran = sandbox.finish("an empty name", command.arg(""));
    assert_eq!(ran.code, Some(2), "{ran}");
}

#[test]
fn a_full_disk_takes_nothing_of_the_old_bundle() {
    let sandbox = Sandbox::new();
    let (old, new) = (convert(17), convert(18));
    // A volume, and a folder of one.
    for folder in ["v", "v/m"] {
        let script = format!(
            "mkdir -p v; mount -t tmpfs -o size=100m v v; $P {old} {folder}; cp -a {folder} before; \
             used=$(du -sk v | cut -f1); mount -o remount,size=$((used + 200))k v; \
             ! $P {new} {folder}; diff -r before {folder}; rm -rf before"
        );
        let ran = sandbox.mounting(&script).ok();
        assert!(
            ran.says(&["error: cannot write ", "No space left"]),
            "{ran}"
        );
    }
}

/// In a folder as `/tmp`, where everybody may write and only owners may replace.
#[test]
fn a_bundle_of_another_user_in_a_sticky_folder_is_told_before_the_work() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{} d/b", convert(17))).ok();
    let is_root = std::os::unix::fs::chown(sandbox.path("d"), Some(0), Some(0)).is_ok();
    assert!(
        is_root,
        "this test makes files of two users: run it as root"
    );
    let mode = |name: &str, mode| {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(".", 0o755);
    mode("d", 0o1777);
    let before = sandbox.files("d/b");
    let as_another = |line: &str| {
        let mut other = sandbox.program("setpriv");
        other.args(["--reuid=12345", "--regid=12345", "--clear-groups", "--"]);
        other.arg(env!("CARGO_BIN_EXE_pocket-onnx"));
        sandbox.finish(line, other.args(line.split_whitespace()))
    };
    for folder in [0o755, 0o1777] {
        mode("d/b", folder);
        let ran = as_another("convert --variant english --output-dir d/b");
        assert!(ran.error().starts_with("cannot write "), "{ran}");
        assert!(ran.error().contains("denied"), "{ran}");
        assert!(sandbox.files("d/b") == before);
    }
    // A folder that everybody may write is written from the inside.
    mode("d/b", 0o777);
    as_another(&format!("{} d/b", convert(18))).ok();
    assert_eq!(sandbox.manifest("d/b").opset_version, 18);
    assert_eq!(names(&sandbox.path("d")), ["b"]);
}

/// Killed at any moment, in a folder that files are moved into: the bundle is the old or the new one
/// or, for a moment, reported as unfinished; and the next conversion works.
#[test]
fn kills_at_any_moment_leave_a_bundle() {
    let sandbox = Sandbox::new();
    let script = format!(
        "mkdir -p m; mount -t tmpfs m m; $P {} m; for i in 1 2 3 4 5 6 7 8 9; do \
         $P {} m & sleep 0.0$((i * 3)); kill -9 $! || true; wait $! 2> /dev/null || true; \
         $P speak Hi. --bundle m -o x.wav -q || echo unfinished; done; \
         $P {} m; ls -A m | wc -l; $P speak Hi. --bundle m -o x.wav -q; $P verify m > /dev/null 2> /dev/null",
        convert(17),
        convert(18),
        convert(20)
    );
    let ran = sandbox.mounting(&script).ok();
    let unfinished = ran.stdout.matches("unfinished").count();
    assert_eq!(
        ran.stderr.matches("has to be run again").count(),
        unfinished,
        "{ran}"
    );
    assert!(ran.stdout.ends_with("14\n"), "{ran}");
}
