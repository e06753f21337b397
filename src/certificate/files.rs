//! The two files of a certificate: both are written, or none.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::pair::Pair;

/// Where a certificate and its key are to be.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    overwrite: bool,
}

/// Why they are not written.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// It already exists.
    #[error("{} exists; overwrite both files with --force, or name another folder with --out", .0.display())]
    Exists(PathBuf),
    /// It is not a folder, the disk is full, and so on.
    #[error("cannot write {}: {error}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl Files {
    /// `tls.crt` and `tls.key` in this folder.
    ///
    /// # Errors
    ///
    /// One of them exists and must not be overwritten, or is not a file.
    pub fn new(folder: &Path, overwrite: bool) -> Result<Self, FilesError> {
        let no_folder = |error| FilesError::Write { file: folder.to_owned(), error };
        if !folder.metadata().map_err(no_folder)?.is_dir() {
            return Err(no_folder(io::ErrorKind::NotADirectory.into()));
        }
        let [certificate, key] = ["tls.crt", "tls.key"].map(|name| folder.join(name));
        for file in [&key, &certificate] {
            // Not `exists`: a link into nowhere is there too.
            match file.symlink_metadata() {
                Ok(metadata) if overwrite && !metadata.is_dir() => {}
                Ok(metadata) if metadata.is_dir() => {
                    return Err(FilesError::Write { file: file.clone(), error: io::ErrorKind::IsADirectory.into() });
                }
                Ok(_) => return Err(FilesError::Exists(file.clone())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(FilesError::Write { file: file.clone(), error }),
            }
        }
        Ok(Self { folder: folder.to_owned(), certificate, key, overwrite })
    }

    /// The certificate's file.
    #[must_use]
    pub fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// The key's file.
    #[must_use]
    pub fn key(&self) -> &Path {
        &self.key
    }

    /// Writes both: the key for the user alone, from its first byte on.
    ///
    /// # Errors
    ///
    /// Then neither is there; with `overwrite` the key may be new and the certificate old.
    pub fn write(&self, pair: &Pair) -> Result<(), FilesError> {
        let key = self.complete(&self.key, PRIVATE, pair.key())?;
        let certificate = self.complete(&self.certificate, PUBLIC, pair.certificate())?;
        self.move_to(&self.key, key)?;
        self.move_to(&self.certificate, certificate).inspect_err(|_| {
            if !self.overwrite {
                let _ = std::fs::remove_file(&self.key);
            }
        })
    }

    /// A file with its own name beside `file`.
    fn complete(&self, file: &Path, mode: u32, text: &str) -> Result<NamedTempFile, FilesError> {
        let write = || {
            let mut builder = tempfile::Builder::new();
            builder.prefix(".tls-");
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
            #[cfg(not(unix))]
            let _ = mode;
            let mut temporary = builder.tempfile_in(&self.folder)?;
            temporary.write_all(text.as_bytes())?;
            temporary.as_file().sync_all()?;
            Ok(temporary)
        };
        write().map_err(|error| FilesError::Write { file: file.to_owned(), error })
    }

    fn move_to(&self, file: &Path, temporary: NamedTempFile) -> Result<(), FilesError> {
        let moved = if self.overwrite { temporary.persist(file) } else { temporary.persist_noclobber(file) };
        match moved {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(FilesError::Exists(file.to_owned()))
            }
            Err(error) => Err(FilesError::Write { file: file.to_owned(), error: error.error }),
        }
    }
}

const PRIVATE: u32 = 0o600;

/// The umask restricts it further.
const PUBLIC: u32 = 0o644;
