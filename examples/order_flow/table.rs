//! Reading CSV files whose mistakes are reported with file, line and column.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{fs, io};

/// Something is wrong with the data: where, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error("cannot read {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}, line 1: there is no column {column}; there must be {}", path.display(), columns.join(", "))]
    NoColumn { path: PathBuf, column: &'static str, columns: &'static [&'static str] },
    #[error("{}, line {line}, column {number} ({column}): {problem}", path.display())]
    Field { path: PathBuf, line: usize, number: usize, column: &'static str, problem: String },
    #[error("{}, line {line}, column {number}: a row has {columns} columns, as the first line says", path.display())]
    TooLong { path: PathBuf, line: usize, number: usize, columns: usize },
}

/// A CSV file in memory, its first line the names of the columns. More columns than those asked for are
/// allowed, in any order.
#[derive(Debug)]
pub(crate) struct Table {
    path: PathBuf,
    bytes: Vec<u8>,
    columns: &'static [&'static str],
}

impl Table {
    /// Reads the file `name` of `folder`, which must have `columns`.
    pub(crate) fn read(
        folder: &Path,
        name: &str,
        columns: &'static [&'static str],
    ) -> Result<Self, DataError> {
        let path = folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Self { path, bytes, columns }),
            Err(source) => Err(DataError::Unreadable { path, source }),
        }
    }

    /// The file's bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Makes something of each row.
    pub(crate) fn rows<T>(
        &self,
        mut make: impl FnMut(&Row<'_>) -> Result<T, DataError>,
    ) -> Result<Vec<T>, DataError> {
        let bytes = self.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.bytes);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(bytes);
        let mut records = reader.byte_records();
        let unreadable =
            |error: csv::Error| DataError::Unreadable { path: self.path.clone(), source: error.into() };
        let header = records.next().transpose().map_err(unreadable)?.unwrap_or_default();
        let places = self.columns.iter().map(|column| {
            let place = header.iter().position(|name| name == column.as_bytes());
            place.map(|place| (*column, place)).ok_or_else(|| DataError::NoColumn {
                path: self.path.clone(),
                column,
                columns: self.columns,
            })
        });
        let places = places.collect::<Result<Vec<_>, _>>()?;
        let mut rows = Vec::new();
        for record in records {
            let record = record.map_err(unreadable)?;
            let row = Row { table: self, line: line_of(&record, bytes), record: &record, places: &places };
            if record.len() > header.len() {
                return Err(DataError::TooLong {
                    path: self.path.clone(),
                    line: row.line,
                    number: header.len() + 1,
                    columns: header.len(),
                });
            }
            rows.push(make(&row)?);
        }
        Ok(rows)
    }
}

/// The line that `record` begins at. It is counted here, since the reader's own count stands before the line
/// ends and empty lines that it skips.
fn line_of(record: &csv::ByteRecord, bytes: &[u8]) -> usize {
    let begin = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
    let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    let skipped = bytes.iter().skip(begin).take_while(is_end).count();
    1 + bytes.iter().take(begin + skipped).filter(|&&byte| byte == b'\n').count()
}

/// One row of a [`Table`].
#[derive(Debug)]
pub(crate) struct Row<'a> {
    table: &'a Table,
    line: usize,
    record: &'a csv::ByteRecord,
    places: &'a [(&'static str, usize)],
}

impl Row<'_> {
    /// The text in `column`, which must not be empty.
    pub(crate) fn text(&self, column: &'static str) -> Result<String, DataError> {
        let place = self.places.iter().find(|(name, _)| *name == column).map(|(_, place)| *place);
        match place.and_then(|place| self.record.get(place)).map(std::str::from_utf8) {
            None => Err(self.error(column, "the row ends before it")),
            Some(Ok("")) => Err(self.error(column, "it is empty")),
            Some(Ok(text)) => Ok(text.to_owned()),
            Some(Err(_)) => Err(self.error(column, "not valid UTF-8")),
        }
    }

    /// What the text in `column` says.
    pub(crate) fn parse<T: FromStr<Err: Display>>(&self, column: &'static str) -> Result<T, DataError> {
        let text = self.text(column)?;
        text.parse().map_err(|problem| self.error(column, format!("{text:?}: {problem}")))
    }

    /// That something is wrong with `column` in this row.
    pub(crate) fn error(&self, column: &'static str, problem: impl Into<String>) -> DataError {
        let place = self.places.iter().find(|(name, _)| *name == column).map_or(0, |(_, place)| *place);
        DataError::Field {
            path: self.table.path.clone(),
            line: self.line,
            number: place + 1,
            column,
            problem: problem.into(),
        }
    }
}
