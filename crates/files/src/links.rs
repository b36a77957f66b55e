//! Follows links.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// As many links in a row as Linux follows.
const MOST_LINKS: usize = 40;

/// The absolute path that `path` stands for, with all links followed. The target of a link need not
/// exist. Links that the system makes for open files (`/proc/self/fd/1`, the target of
/// `/dev/stdout`) are left as they are: their text is not a path.
///
/// # Errors
///
/// If the working folder cannot be found, a link cannot be read, or links form a circle.
pub fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut links = 0;
    let start = if path.is_absolute() {
        PathBuf::new()
    } else {
        std::env::current_dir()?
    };
    follow(start, path, &mut links)
}

/// Appends the parts of `path` to `base`, one by one.
fn follow(base: PathBuf, path: &Path, links: &mut usize) -> io::Result<PathBuf> {
    let mut at = base;
    for component in path.components() {
        match component {
            Component::Prefix(_) | Component::RootDir => at.push(component),
            Component::CurDir => {}
            Component::ParentDir => {
                at.pop();
            }
            Component::Normal(name) => {
                at.push(name);
                let is_link = fs::symlink_metadata(&at).is_ok_and(|found| found.is_symlink());
                if !is_link || descriptor(&at).is_some() {
                    continue;
                }
                *links += 1;
                if *links > MOST_LINKS {
                    return Err(io::Error::other("links lead in a circle"));
                }
                let target = fs::read_link(&at)?;
                at.pop();
                at = follow(at, &target, links)?;
            }
        }
    }
    Ok(at)
}

/// An open file of a process, as a path names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    /// Whether it is one of this process.
    pub(crate) own: bool,
    /// 1 for standard output, 2 for standard error.
    pub(crate) number: u32,
}

/// The open file that `path` names: `/proc/7/fd/1`, also by way of a thread
/// (`/proc/7/task/8/fd/1`).
pub(crate) fn descriptor(path: &Path) -> Option<Descriptor> {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    let (["/", "proc", process, "fd", number] | ["/", "proc", process, "task", _, "fd", number]) =
        parts[..]
    else {
        return None;
    };
    // A process may have another number inside its own `/proc` than outside.
    let own = fs::read_link("/proc/self").is_ok_and(|own| own == Path::new(process));
    Some(Descriptor {
        own,
        number: number.parse().ok()?,
    })
}
