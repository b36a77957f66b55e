//! What kind of place the folder of a bundle is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bundle::Manifest;

use crate::ExportError;

/// Whether the folder `target` has to stay where it is, so that no other can take its place.
pub(super) fn has_to_stay(target: &Path) -> bool {
    // Whoever is in the folder would be left in one that is gone.
    let is_here = files::resolve(Path::new(".")).is_ok_and(|here| here.starts_with(target));
    let is_others = target
        .parent()
        .is_some_and(|parent| is_of_another(parent, target));
    is_here || is_others || is_mounted(target)
}

/// Refuses a folder in which only other users may replace the files of the bundle.
pub(super) fn check_files(target: &Path) -> Result<(), ExportError> {
    let manifest = target.join(Manifest::FILE);
    if is_of_another(target, &manifest) {
        return Err(ExportError::write(manifest)(
            io::ErrorKind::PermissionDenied.into(),
        ));
    }
    Ok(())
}

/// Whether `path` is in a folder like `/tmp`, where only its owner may rename it, and is another
/// user's.
fn is_of_another(folder: &Path, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        const STICKY: u32 = 0o1000;
        let me = rustix::process::geteuid().as_raw();
        let (Ok(folder), Ok(found)) = (fs::metadata(folder), fs::symlink_metadata(path)) else {
            return false;
        };
        folder.mode() & STICKY != 0 && me != 0 && folder.uid() != me && found.uid() != me
    }
    #[cfg(not(unix))]
    {
        let _ = (folder, path);
        false
    }
}

/// Whether another folder is mounted at `target`: it can then not be renamed.
fn is_mounted(target: &Path) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
        // Also tells a folder of the same disk that is mounted there.
        let found = statx(
            CWD,
            target,
            AtFlags::SYMLINK_NOFOLLOW,
            StatxFlags::BASIC_STATS,
        );
        if let Ok(found) = found
            && found
                .stx_attributes_mask
                .contains(StatxAttributes::MOUNT_ROOT)
        {
            return found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT);
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let device = |path: &Path| fs::metadata(path).map(|found| found.dev());
        let parent = target.parent().map(device);
        if let (Ok(own), Some(Ok(parent))) = (device(target), parent) {
            return own != parent;
        }
    }
    #[cfg(not(unix))]
    let _ = target;
    false
}

/// Whether a failure to make a folder beside `target` leaves the way to make one inside.
pub(super) fn may_be_inside(error: &io::Error, target: &Path) -> bool {
    match error.kind() {
        // The parent may not be written, though the folder itself may be.
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => target.is_dir(),
        // The name is just short enough.
        io::ErrorKind::InvalidFilename => true,
        _ => false,
    }
}

/// Lets the staging folder give its files to the group that files in `target` belong to.
pub(super) fn take_after(dir: &Path, target: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
        if let Ok(there) = fs::metadata(target) {
            // As far as the system allows it: a bundle of another owner is a bundle, too.
            let _ = chown(dir, Some(there.uid()), Some(there.gid()))
                .or_else(|_| chown(dir, None, Some(there.gid())));
            let mode = (there.mode() & 0o7777) | 0o700;
            let _ = fs::set_permissions(dir, fs::Permissions::from_mode(mode));
        }
    }
    #[cfg(not(unix))]
    let _ = (dir, target);
}

/// Gives the staging folder the mode of the folder whose place it takes.
pub(super) fn finish_mode(dir: &Path, target: &Path) {
    if let Ok(there) = fs::metadata(target) {
        let _ = fs::set_permissions(dir, there.permissions());
    }
}

/// Folders that were made on the way to a target. Those that stay empty go again.
#[derive(Debug, Default)]
pub(super) struct NewFolders(Vec<PathBuf>);

impl NewFolders {
    /// Makes `folder` and those above it, where they are missing.
    pub(super) fn create(&mut self, folder: &Path) -> io::Result<()> {
        let missing = folder.ancestors().take_while(|dir| !dir.exists());
        let missing: Vec<_> = missing.map(Path::to_owned).collect();
        // Deepest first, as they have to go.
        self.0.splice(0..0, missing);
        fs::create_dir_all(folder)
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for dir in &self.0 {
            let _ = fs::remove_dir(dir);
        }
    }
}
