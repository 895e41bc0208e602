//! Files that only their owner may read: outputs and plans hold secrets in clear.

use std::{
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use crate::errors::Error;

/// Puts `bytes` at `path` in one move, with mode 0600.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let put = || -> std::io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(".provision-infra-")
            .permissions(std::fs::Permissions::from_mode(0o600))
            .tempfile_in(&folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    put().map_err(|source| Error::Write { path: path.to_owned(), source })
}
