//! The folder of `--db`: the journal, the four services' databases, and what they belong to.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::args::Rules;
use crate::data::Data;
use crate::money::Cents;

/// A folder that holds one run, or the parts of one that was interrupted.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

/// What a run is made of. A folder keeps it, because an order that was started under other rules, or from
/// other data, would make the result meaningless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    data: String,
    credit_limit_cents: Cents,
    no_ship: BTreeSet<String>,
}

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error("cannot use the folder {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} belongs to a run with {what}; give another --db for this one", path.display())]
    OtherRun { path: PathBuf, what: String },
    #[error("{} holds databases and no readable run.json; give another --db", path.display())]
    Unknown { path: PathBuf },
}

impl Folder {
    /// The folder at `path`, made if it is not there; without a path a new one for temporary files.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, FolderError> {
        let made = match path {
            Some(path) => fs::create_dir_all(path).map(|()| path.to_owned()),
            None => tempfile::Builder::new().prefix("order_flow-").tempdir().map(tempfile::TempDir::keep),
        };
        match made {
            Ok(path) => Ok(Self { path }),
            Err(source) => {
                Err(FolderError::Io { path: path.map_or_else(std::env::temp_dir, Into::into), source })
            }
        }
    }

    /// Takes the folder for a run of `data` under `rules`, or finds that it has been one before.
    ///
    /// This comes before any database is made, so that none exists whose run is unknown.
    pub(crate) fn claim(&self, data: &Data, rules: &Rules) -> Result<(), FolderError> {
        let run = Run {
            data: format!("{:016x}", data.fingerprint),
            credit_limit_cents: rules.credit_limit,
            no_ship: rules.no_ship.clone(),
        };
        let path = self.file("run.json");
        let io = |source| FolderError::Io { path: self.path.clone(), source };
        match fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(before) => run.same_as(&before).map_err(|what| self.other_run(what)),
                Err(_) => Err(FolderError::Unknown { path: self.path.clone() }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.journal().exists() {
                    return Err(FolderError::Unknown { path: self.path.clone() });
                }
                let text = serde_json::to_string_pretty(&run).map_err(|error| io(error.into()))?;
                self.write(&path, &text).map_err(io)
            }
            Err(error) => Err(io(error)),
        }
    }

    /// The folder's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The orchestrator's journal.
    pub(crate) fn journal(&self) -> PathBuf {
        self.file("journal.db")
    }

    /// The database of the orders service.
    pub(crate) fn orders(&self) -> PathBuf {
        self.file("orders.db")
    }

    /// The database of the inventory service.
    pub(crate) fn inventory(&self) -> PathBuf {
        self.file("inventory.db")
    }

    /// The database of the payments service.
    pub(crate) fn payments(&self) -> PathBuf {
        self.file("payments.db")
    }

    /// The database of the shipments service.
    pub(crate) fn shipments(&self) -> PathBuf {
        self.file("shipments.db")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes the file so that, whatever happens, it is there as a whole or not at all.
    fn write(&self, path: &Path, text: &str) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        File::open(&self.path)?.sync_all()
    }

    fn other_run(&self, what: String) -> FolderError {
        FolderError::OtherRun { path: self.path.clone(), what }
    }
}

impl Run {
    /// What is different about the run `before`.
    fn same_as(&self, before: &Self) -> Result<(), String> {
        if self.data != before.data {
            return Err("other data".to_owned());
        }
        if self.credit_limit_cents != before.credit_limit_cents {
            return Err(format!("--credit-limit {}", before.credit_limit_cents));
        }
        if self.no_ship != before.no_ship {
            let countries = before.no_ship.iter().cloned().collect::<Vec<_>>();
            return Err(match countries.as_slice() {
                [] => "no --no-ship".to_owned(),
                countries => format!("--no-ship {}", countries.join(",")),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(fingerprint: u64) -> Data {
        Data { products: Vec::new(), orders: Vec::new(), fingerprint }
    }

    fn rules(cents: i64, no_ship: &[&str]) -> Rules {
        let no_ship = no_ship.iter().map(|&country| country.to_owned()).collect();
        Rules { credit_limit: Cents(cents), no_ship }
    }

    #[test]
    fn a_folder_belongs_to_one_run() {
        let place = tempfile::tempdir().unwrap();
        let claim = |fingerprint, rules| {
            let folder = Folder::open(Some(&place.path().join("a/b"))).unwrap();
            folder.claim(&data(fingerprint), &rules).map_err(|error| error.to_string())
        };
        assert_eq!(claim(1, rules(200_000, &["Peru"])), Ok(()));
        assert_eq!(claim(1, rules(200_000, &["Peru"])), Ok(()));
        for (fingerprint, rules, what) in [
            (2, rules(200_000, &["Peru"]), "belongs to a run with other data;"),
            (1, rules(100_000, &["Peru"]), "belongs to a run with --credit-limit 2000.00;"),
            (1, rules(200_000, &[]), "belongs to a run with --no-ship Peru;"),
        ] {
            let error = claim(fingerprint, rules).unwrap_err();
            assert!(error.contains(what), "{error}");
        }
    }

    #[test]
    fn databases_of_an_unknown_run_are_not_touched() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::open(Some(place.path())).unwrap();
        fs::write(folder.journal(), "").unwrap();
        assert!(matches!(folder.claim(&data(1), &rules(1, &[])), Err(FolderError::Unknown { .. })));
        fs::write(place.path().join("run.json"), "{").unwrap();
        assert!(matches!(folder.claim(&data(1), &rules(1, &[])), Err(FolderError::Unknown { .. })));
    }
}
