//! Outputs of every kind: what is there before, and what is there afterwards.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::{self, File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::thread;

use files::{Destination, OutputError, resolve};
use tempfile::TempDir;

fn write(path: &Path, content: &str) -> Result<(), OutputError> {
    Destination::find(path)?
        .open()?
        .finish_with(content.as_bytes())
}

/// Names below `dir`, hidden ones included.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

#[test]
fn a_link_is_followed_and_stays() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("sub")).unwrap();
    fs::write(at("sub/target"), "old").unwrap();
    symlink("sub/target", at("relative")).unwrap();
    symlink(at("relative"), at("chain")).unwrap();
    symlink("sub/new", at("dangling")).unwrap();
    symlink("sub", at("folder")).unwrap();
    for (name, target) in [
        ("relative", "sub/target"),
        ("chain", "sub/target"),
        ("dangling", "sub/new"),
        ("folder/../sub/./target", "sub/target"),
        ("folder/inside", "sub/inside"),
    ] {
        write(&at(name), name).unwrap();
        assert_eq!(fs::read_to_string(at(target)).unwrap(), name);
    }
    for link in ["relative", "chain", "dangling", "folder"] {
        assert!(at(link).is_symlink(), "{link}");
    }
    assert_eq!(names(&at("sub")), ["inside", "new", "target"]);

    symlink("circle", at("circle")).unwrap();
    let error = write(&at("circle"), "").unwrap_err();
    assert!(error.to_string().contains("circle"), "{error}");
    symlink("nowhere/file", at("into_nothing")).unwrap();
    let error = write(&at("into_nothing"), "").unwrap_err();
    assert!(error.to_string().contains("there is no folder"), "{error}");
    assert_eq!(
        resolve(&at("chain")).unwrap(),
        fs::canonicalize(at("sub/target")).unwrap()
    );
}

#[test]
fn mode_and_owner_are_kept() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("file");
    for mode in [0o600, 0o640, 0o666, 0o755] {
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        write(&path, "new").unwrap();
        let now = fs::metadata(&path).unwrap();
        assert_eq!(now.permissions().mode() & 0o7777, mode);
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }
    // A new file has the mode of those of other programs.
    let (ours, others) = (dir.path().join("ours"), dir.path().join("others"));
    write(&ours, "").unwrap();
    fs::write(&others, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&ours), mode(&others));
    assert_eq!(names(dir.path()), ["file", "others", "ours"]);
    // Root may change owners: the owner stays who it was.
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        std::os::unix::fs::chown(&path, Some(1234), Some(4321)).unwrap();
        write(&path, "newer").unwrap();
        let now = fs::metadata(&path).unwrap();
        assert_eq!((now.uid(), now.gid()), (1234, 4321));
    }
}

#[test]
fn what_is_no_file_is_written_in_place() {
    let dir = TempDir::new().unwrap();
    let pipe = dir.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    write(&pipe, "through the pipe").unwrap();
    assert_eq!(reader.join().unwrap(), "through the pipe");
    assert_eq!(names(dir.path()), ["pipe"]);

    let null = dir.path().join("null");
    symlink("/dev/null", &null).unwrap();
    let before = fs::metadata("/dev/null").unwrap();
    for path in [Path::new("/dev/null"), &null] {
        write(path, "nothing").unwrap();
    }
    let after = fs::metadata("/dev/null").unwrap();
    assert_eq!((before.rdev(), before.ino()), (after.rdev(), after.ino()));
    assert!(null.is_symlink());
}

#[cfg(target_os = "linux")]
#[test]
fn an_open_file_is_written_where_it_is() {
    use std::os::fd::AsRawFd as _;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("open");
    let open = File::create(&path).unwrap();
    for folder in ["/proc/self/fd", "/dev/fd", "/proc/thread-self/fd"] {
        let name = format!("{folder}/{}", open.as_raw_fd());
        write(Path::new(&name), folder).unwrap();
        let content = fs::read_to_string(&path).unwrap();
        assert!(content.starts_with(folder), "{content}");
    }
    assert_eq!(
        fs::metadata(&path).unwrap().ino(),
        open.metadata().unwrap().ino()
    );
    let link = dir.path().join("link");
    symlink("/proc/self/fd/1", &link).unwrap();
    for name in [Path::new("-"), Path::new("/dev/stdout"), &link] {
        let found = Destination::find(name).unwrap();
        assert!(found.is_standard_output(), "{found:?}");
    }
    assert!(link.is_symlink());
    let error = write(Path::new("/proc/self/fd/98765"), "").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot write /proc/self/fd/98765")
    );
}

#[test]
fn what_cannot_be_written_is_told_before() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::write(at("file"), "precious").unwrap();
    fs::create_dir(at("folder")).unwrap();
    symlink("folder", at("link")).unwrap();
    let long = at(&"x".repeat(300));
    let cases = [
        (String::new(), "name of the output file is empty"),
        (at("folder"), "that is a folder"),
        (at("link"), "that is a folder"),
        (at("folder/"), "that is a folder"),
        (at("new/"), "that is a folder"),
        (at("file/"), "that is a folder"),
        (at("folder/."), "that is a folder"),
        (at("new/.."), "that is a folder"),
        ("/".to_owned(), "that is a folder"),
        (at("none/file"), "there is no folder"),
        (at("file/file"), "is not a folder"),
        (long, "cannot write"),
    ];
    let mut wrong = Vec::new();
    for (path, says) in cases {
        match Destination::find(Path::new(&path)) {
            Err(error) if error.to_string().contains(says) => {}
            other => wrong.push(format!("{path}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(names(dir.path()), ["file", "folder", "link"]);
    assert_eq!(fs::read_to_string(at("file")).unwrap(), "precious");
}

#[test]
fn names_of_every_kind_are_files() {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = TempDir::new().unwrap();
    let name = |bytes: &[u8]| dir.path().join(std::ffi::OsStr::from_bytes(bytes));
    let long = "ü".repeat(127);
    for bytes in [
        &b"with space"[..],
        b"caf\xe9",
        b"\xff",
        b"-",
        b"--help",
        b"line\nbreak",
        "名前".as_bytes(),
        long.as_bytes(),
        b"...",
    ] {
        let path = name(bytes);
        write(&path, "content").unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "content");
        fs::remove_file(path).unwrap();
    }
    assert_eq!(names(dir.path()), [""; 0]);
}

#[test]
fn an_output_is_told_from_an_input() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("file"), "").unwrap();
    fs::hard_link(at("file"), at("hard")).unwrap();
    symlink("file", at("soft")).unwrap();
    fs::write(at("other"), "").unwrap();
    for (output, input, same) in [
        ("file", "file", true),
        ("file", "soft", true),
        ("soft", "file", true),
        ("hard", "file", true),
        ("file", "other", false),
        ("new", "file", false),
        ("file", "missing", false),
    ] {
        let found = Destination::find(&at(output)).unwrap();
        assert_eq!(found.is_same_file(&at(input)), same, "{output} {input}");
    }
}

#[test]
fn what_is_not_finished_leaves_no_trace() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("file");
    for there in [false, true] {
        if there {
            fs::write(&path, "old").unwrap();
        }
        let mut output = Destination::find(&path).unwrap().open().unwrap();
        output.write_all(b"new").unwrap();
        drop(output);
        assert_eq!(path.exists(), there);
        assert_eq!(names(dir.path()).len(), usize::from(there));
    }
    assert_eq!(fs::read_to_string(path).unwrap(), "old");
}

#[test]
fn finished_work_is_kept_where_the_last_step_fails() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("file");
    let mut output = Destination::find(&path).unwrap().open().unwrap();
    output.write_all(b"hours of work").unwrap();
    // A folder takes the place meanwhile.
    fs::create_dir(&path).unwrap();
    let error = output.finish().unwrap_err();
    let OutputError::Kept { kept, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(error.to_string().contains(&kept.display().to_string()));
    assert_eq!(fs::read_to_string(kept).unwrap(), "hours of work");
}

#[test]
fn finished_work_is_kept_where_its_folder_is_gone() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let mut output = Destination::find(&folder.join("file"))
        .unwrap()
        .open()
        .unwrap();
    output.write_all(b"hours of work").unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let OutputError::Kept { kept, .. } = output.finish().unwrap_err() else {
        panic!("it is lost")
    };
    assert_eq!(fs::read_to_string(&kept).unwrap(), "hours of work");
    fs::remove_file(kept).unwrap();
}
