//! A folder that becomes the bundle all at once, or goes without a trace.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use bundle::Manifest;
use export::{ExportError, Staging};
use tempfile::TempDir;

/// Names below `dir`, hidden ones included.
fn names(dir: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

/// Makes the folder look like a bundle of this content.
fn write_bundle(dir: &Path, content: &str) {
    fs::create_dir_all(dir).unwrap();
    write_manifest(dir, content);
    fs::write(dir.join("flow_lm.onnx"), content).unwrap();
}

/// A manifest of a version that there is not.
fn write_manifest(dir: &Path, content: &str) {
    let text = format!(r#"{{"format": "pocket-onnx", "format_version": 0, "is": "{content}"}}"#);
    fs::write(dir.join(Manifest::FILE), text).unwrap();
}

fn content(dir: &Path) -> String {
    let text = fs::read_to_string(dir.join(Manifest::FILE)).unwrap();
    let is = text.split('"').rev().nth(1).unwrap();
    is.to_owned()
}

fn partial(dir: &Path) -> PathBuf {
    dir.join(".out.partial")
}

fn begin(target: &Path) -> Staging {
    Staging::begin(target).unwrap_or_else(|e| panic!("{}: {e}", target.display()))
}

#[test]
fn takes_the_place_of_nothing_or_of_a_bundle() {
    type Prepare = fn(&Path);
    let cases: [(&str, Prepare); 4] = [
        ("nothing", |_| {}),
        ("an empty folder", |out| fs::create_dir(out).unwrap()),
        ("a bundle", |out| write_bundle(out, "old")),
        ("a manifest alone", |out| {
            fs::create_dir(out).unwrap();
            write_manifest(out, "old");
        }),
    ];
    for (case, prepare) in cases {
        let dir = TempDir::new().unwrap();
        let out = dir.path().join("out");
        prepare(&out);
        let before = out.exists().then(|| names(&out));
        let staging = begin(&out);
        write_bundle(staging.dir(), "new");
        // Until then, all is as it was.
        assert_eq!(out.exists().then(|| names(&out)), before, "{case}");
        staging.commit().unwrap();
        assert_eq!(content(&out), "new", "{case}");
        assert_eq!(names(&out), ["flow_lm.onnx", Manifest::FILE], "{case}");
        assert_eq!(names(dir.path()), ["out"], "{case}");
    }
}

#[test]
fn leaves_no_trace_when_dropped() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    write_bundle(&out, "old");
    let staging = begin(&out);
    write_bundle(staging.dir(), "new");
    drop(staging);
    assert_eq!(content(&out), "old");
    assert_eq!(names(dir.path()), ["out"]);

    // Folders on the way there are made, and go again.
    let nested = dir.path().join("a/b/out");
    fs::create_dir(dir.path().join("a")).unwrap();
    drop(begin(&nested));
    assert_eq!(names(&dir.path().join("a")), [""; 0]);
    let staging = begin(&nested);
    write_bundle(staging.dir(), "new");
    staging.commit().unwrap();
    assert_eq!(content(&nested), "new");
}

#[test]
fn paths_as_people_write_them() {
    let dir = TempDir::new().unwrap();
    let root = dir.path();
    fs::create_dir(root.join("sub")).unwrap();
    for (path, target) in [
        ("out/", "out"),
        ("./out", "out"),
        ("sub/../out", "out"),
        ("sub/.", "sub"),
        ("name.with.dots", "name.with.dots"),
        ("ünïcode name", "ünïcode name"),
    ] {
        for content_now in ["first", "second"] {
            let staging = begin(&root.join(path));
            write_bundle(staging.dir(), content_now);
            staging.commit().unwrap();
            assert_eq!(content(&root.join(target)), content_now, "{path}");
        }
    }
    let expected = ["name.with.dots", "out", "sub", "ünïcode name"];
    assert_eq!(names(root), expected);
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link() {
    let dir = TempDir::new().unwrap();
    let (real, link) = (dir.path().join("real"), dir.path().join("link"));
    write_bundle(&real, "old");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let staging = begin(&link);
    write_bundle(staging.dir(), "new");
    staging.commit().unwrap();
    assert!(link.is_symlink());
    assert_eq!(content(&real), "new");
    assert_eq!(names(dir.path()), ["link", "real"]);
}

#[test]
fn refuses_what_is_not_a_bundle() {
    let dir = TempDir::new().unwrap();
    let root = dir.path();
    let file = root.join("file");
    fs::write(&file, "text").unwrap();
    let photos = root.join("photos");
    fs::create_dir(&photos).unwrap();
    for name in ["d.jpg", "b.jpg", "c.jpg", "a.jpg"] {
        fs::write(photos.join(name), "").unwrap();
    }
    let no_manifest = root.join("no_manifest");
    fs::create_dir(&no_manifest).unwrap();
    fs::write(no_manifest.join("flow_lm.onnx"), "").unwrap();
    let notes = root.join("notes");
    write_bundle(&notes, "old");
    fs::write(notes.join("notes.txt"), "").unwrap();
    let before = names(root);

    let occupied = |path: &Path| match Staging::begin(path) {
        Err(ExportError::Occupied { names, .. }) => names,
        other => panic!("{}: {other:?}", path.display()),
    };
    assert_eq!(occupied(&photos), ["a.jpg", "b.jpg", "c.jpg"]);
    assert_eq!(occupied(&no_manifest), ["flow_lm.onnx"]);
    assert_eq!(occupied(&notes), ["notes.txt"]);
    for path in [file.clone(), root.join("file/out"), "/".into()] {
        let error = Staging::begin(&path).unwrap_err();
        let not_a_folder = matches!(error, ExportError::NotAFolder { .. });
        let root_is_full = matches!(error, ExportError::Occupied { .. }) && path == Path::new("/");
        assert!(
            not_a_folder || root_is_full,
            "{}: {error:?}",
            path.display()
        );
    }
    assert_eq!(names(root), before);
    assert_eq!(fs::read_to_string(file).unwrap(), "text");
}

#[test]
fn folders_that_cannot_be_made() {
    let dir = TempDir::new().unwrap();
    let too_long = dir.path().join("a/b").join("x".repeat(256));
    let mut cases = vec![too_long];
    if cfg!(target_os = "linux") {
        // Not even the superuser makes folders there.
        cases.push("/proc/self/out".into());
        cases.push("/proc/self/new/out".into());
    }
    for target in cases {
        let error = Staging::begin(&target).unwrap_err();
        assert!(matches!(error, ExportError::Write { .. }), "{error:?}");
    }
    assert_eq!(names(dir.path()), [""; 0]);
}

#[test]
fn clears_what_a_killed_conversion_left() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    write_bundle(&partial(dir.path()), "half");
    fs::create_dir(partial(dir.path()).join("folder")).unwrap();
    let staging = begin(&out);
    assert_eq!(names(staging.dir()), [""; 0]);
    drop(staging);
    assert_eq!(names(dir.path()), [""; 0]);

    // A file of that name is nobody's leftovers.
    fs::write(partial(dir.path()), "text").unwrap();
    Staging::begin(&out).unwrap_err();
    assert_eq!(fs::read_to_string(partial(dir.path())).unwrap(), "text");
}

#[cfg(unix)]
#[test]
fn does_not_clear_through_a_link() {
    let dir = TempDir::new().unwrap();
    let photos = dir.path().join("photos");
    fs::create_dir(&photos).unwrap();
    fs::write(photos.join("a.jpg"), "").unwrap();
    std::os::unix::fs::symlink(&photos, partial(dir.path())).unwrap();
    Staging::begin(&dir.path().join("out")).unwrap_err();
    assert_eq!(names(&photos), ["a.jpg"]);
    // Nor wait for where a broken one leads.
    fs::remove_dir_all(&photos).unwrap();
    Staging::begin(&dir.path().join("out")).unwrap_err();
}

#[test]
fn two_at_once() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");
    let first = begin(&out);
    write_bundle(first.dir(), "first");
    let second = Staging::begin(&out).unwrap_err();
    assert!(matches!(second, ExportError::Busy { .. }), "{second:?}");
    // Another folder is free.
    drop(begin(&dir.path().join("other")));
    first.commit().unwrap();
    assert_eq!(content(&out), "first");
    drop(begin(&out));
}

#[test]
fn many_at_once() {
    let dir = TempDir::new().unwrap();
    let out = &dir.path().join("out");
    let holders = &AtomicUsize::new(0);
    // Every other conversion is given up.
    let convert = |round: usize| -> Result<(), String> {
        let staging = match Staging::begin(out) {
            Ok(staging) => staging,
            Err(ExportError::Busy { .. }) => return Ok(()),
            Err(error) => return Err(format!("begin: {error:?}")),
        };
        if holders.fetch_add(1, Ordering::SeqCst) != 0 {
            return Err("two hold the folder".to_owned());
        }
        write_manifest(staging.dir(), "new");
        holders.fetch_sub(1, Ordering::SeqCst);
        if round.is_multiple_of(4) {
            // The next commit finds nothing to replace.
            let _ = fs::remove_dir_all(out);
        }
        if round.is_multiple_of(2) {
            staging.commit().map_err(|e| format!("commit: {e:?}"))?;
        }
        Ok(())
    };
    let work = || (0..300).try_for_each(convert);
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(results, vec![Ok(()); 4]);
    assert_eq!(names(dir.path()), ["out"]);
    assert_eq!(content(out), "new");
}

#[test]
fn things_change_meanwhile() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("out");

    // The old bundle is removed.
    write_bundle(&out, "old");
    let staging = begin(&out);
    write_bundle(staging.dir(), "new");
    fs::remove_dir_all(&out).unwrap();
    staging.commit().unwrap();
    assert_eq!(content(&out), "new");

    // Somebody puts a file there.
    let staging = begin(&out);
    fs::write(out.join("notes.txt"), "").unwrap();
    write_bundle(staging.dir(), "newer");
    let error = staging.commit().unwrap_err();
    let ExportError::Kept { kept, source } = error else {
        panic!("{error:?}")
    };
    assert!(
        matches!(*source, ExportError::Occupied { .. }),
        "{source:?}"
    );
    assert_eq!(content(&out), "new");
    // The work is not lost, until the next conversion.
    assert_eq!(content(&kept), "newer");
    assert_eq!(names(dir.path()), [".out.partial", "out"]);
    fs::remove_file(out.join("notes.txt")).unwrap();
    drop(begin(&out));
    assert_eq!(names(dir.path()), ["out"]);

    // Everything is removed.
    let nested = dir.path().join("nested");
    let staging = begin(&nested.join("out"));
    fs::remove_dir_all(&nested).unwrap();
    let error = staging.commit().unwrap_err();
    assert!(matches!(error, ExportError::Write { .. }), "{error:?}");
    assert!(!nested.exists());
}
