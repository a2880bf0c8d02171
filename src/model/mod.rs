//! SQL text as models: header, tables read, graph, selection.
//!
//! A model is one file: its folder is its layer, its name is the table's name,
//! its comments are its header and its text is one `select`. The tables that the
//! `select` names are the edges of the [`graph`]. Nothing here opens a file,
//! plans a query or edits SQL; the text that is parsed is the text that runs.
//!
//! ```
//! let text = "-- One account.\n-- grain: account_id\nselect account_id from raw_account\n";
//! let model = kenko::model::parse("staging/stg_account.sql", text).unwrap();
//! assert_eq!(model.name, "stg_account");
//! assert!(model.reads.contains("raw_account"));
//! ```

pub mod graph;
pub mod header;
pub mod selection;
pub mod shipped;
mod statement;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rayon::prelude::*;

use crate::error::{Error, Result};
use header::Header;
use statement::Place;

/// The layer of a model: the folder it lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// `staging/`: one source each.
    Staging,
    /// `intermediate/`: joins and per-day aggregates.
    Intermediate,
    /// `marts/`: what people read; published.
    Mart,
    /// `checks/`: returns the wrong rows.
    Check,
}

impl Layer {
    /// Every layer, in the order in which data flows.
    pub const ALL: [Self; 4] = [Self::Staging, Self::Intermediate, Self::Mart, Self::Check];

    /// The folder under `sql/`.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Intermediate => "intermediate",
            Self::Mart => "marts",
            Self::Check => "checks",
        }
    }

    /// What names of the layer start with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Staging => "stg_",
            Self::Intermediate => "int_",
            Self::Mart | Self::Check => "",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.folder())
    }
}

/// One parsed SQL file.
#[derive(Clone, Debug)]
pub struct Model {
    /// The table's name: the file's name without `.sql`.
    pub name: String,
    /// The folder it lies in.
    pub layer: Layer,
    /// The file, as messages name it.
    pub file: String,
    /// The whole text, header included, so that lines are those of the file.
    pub sql: String,
    /// The `select` without comments and spacing: what a stored result depends
    /// on.
    pub canonical: String,
    /// Whether the `select` names `$as_of`.
    pub uses_as_of: bool,
    /// What its comments say.
    pub header: Header,
    /// Every table the `select` names, its own `with` tables left out.
    pub reads: BTreeSet<String>,
    places: BTreeMap<String, Place>,
}

impl Model {
    /// An error of the pipeline's author at the place where the model names
    /// `table`.
    fn error_at(&self, table: &str, message: impl Into<String>) -> Error {
        let place = self.places.get(table);
        Error::usage(message).at(
            &self.file,
            place.map(|place| place.line),
            place.map(|place| place.column),
        )
    }
}

/// Parses one model. `file` is a path whose last folder is the layer, with `/`
/// between its parts, for example `sql/staging/stg_account.sql`.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] with line and column: a file outside the
/// four folders, a bad name, a bad header, anything but one `select`, a function
/// whose result depends on more than its arguments, a parameter other than
/// `$as_of`.
pub fn parse(file: &str, text: &str) -> Result<Model> {
    let (layer, name) = place_of(file)?;
    let header = header::parse(file, layer, text)?;
    let statement = statement::parse(file, layer, text)?;
    let is_in_parts = header.is_by_day || header.is_by_cutoff || header.accumulates;
    if is_in_parts && statement.uses_as_of {
        return Err(Error::usage(
            "a model kept in parts must not use `$as_of`: a part stays what it was",
        )
        .at(file, None, None)
        .with_hint("move what depends on the as-of day into a model that reads this one"));
    }
    Ok(Model {
        name,
        layer,
        file: file.to_owned(),
        sql: text.to_owned(),
        canonical: statement.canonical,
        uses_as_of: statement.uses_as_of,
        header,
        reads: statement.reads,
        places: statement.places,
    })
}

/// Parses one tree of models: pairs of file and text, in any order.
///
/// # Errors
/// As [`parse`]; and [`crate::error::ErrorKind::Usage`] when two files of the
/// tree have the same name.
pub fn parse_all<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Vec<Model>> {
    let files: Vec<_> = files.into_iter().collect();
    // Every command waits for this.
    let parsed: Vec<(&str, Result<Model>)> = (files.par_iter())
        .map(|(file, text)| (*file, parse(file, text)))
        .collect();
    let mut models: BTreeMap<String, Model> = BTreeMap::new();
    for (file, model) in parsed {
        let model = model?;
        if let Some(other) = models.insert(model.name.clone(), model) {
            return Err(same_name(&other.name, &other.file, file));
        }
    }
    Ok(models.into_values().collect())
}

/// `over` laid upon `base`: a model of the same name replaces, any other is
/// added. Ordered by name.
///
/// # Errors
/// [`crate::error::ErrorKind::Usage`] when a model replaces one of another
/// layer: its readers would no longer be allowed to read it.
pub fn overlay(base: Vec<Model>, over: Vec<Model>) -> Result<Vec<Model>> {
    let mut models: BTreeMap<String, Model> = base
        .into_iter()
        .map(|model| (model.name.clone(), model))
        .collect();
    for model in over {
        if let Some(replaced) = models.get(&model.name)
            && replaced.layer != model.layer
        {
            return Err(Error::usage(format!(
                "`{}` replaces a file of {} by one of {}",
                model.name, replaced.layer, model.layer
            ))
            .at(&model.file, None, None)
            .with_hint(format!(
                "move it to `{}/`, or give it a name of its own",
                replaced.layer
            )));
        }
        models.insert(model.name.clone(), model);
    }
    Ok(models.into_values().collect())
}

fn same_name(name: &str, one: &str, other: &str) -> Error {
    Error::usage(format!(
        "two files are called `{name}`: `{one}` and `{other}`"
    ))
    .at(other, None, None)
    .with_hint("a file's name is its table's name: rename one of them")
}

fn place_of(file: &str) -> Result<(Layer, String)> {
    let error = |message: String| Error::usage(message).at(file, None, None);
    let (folders, base) = file.rsplit_once('/').unwrap_or(("", file));
    let folder = folders.rsplit('/').next().unwrap_or_default();
    let Some(layer) = Layer::ALL
        .into_iter()
        .find(|layer| layer.folder() == folder)
    else {
        return Err(error(format!("`{base}` lies in no layer"))
            .with_hint("put it into `staging/`, `intermediate/`, `marts/` or `checks/`"));
    };
    let Some(name) = base
        .strip_suffix(".sql")
        .filter(|name| header::is_name(name))
    else {
        return Err(error(format!("`{base}` does not name a table")).with_hint(
            "call the file `name.sql`, with lower case letters, digits and `_` in the name",
        ));
    };
    if !name.starts_with(layer.prefix()) {
        return Err(error(format!(
            "a file of {layer} must start with `{}`",
            layer.prefix()
        ))
        .with_hint(format!("rename it to `{}{base}`", layer.prefix())));
    }
    let taken = [
        "raw_", "cfg_", "prior_", "past_", "earlier_", "run_", "stg_", "int_",
    ];
    if layer.prefix().is_empty()
        && let Some(prefix) = taken.into_iter().find(|prefix| name.starts_with(prefix))
    {
        return Err(
            error(format!("a file of {layer} must not start with `{prefix}`"))
                .with_hint("marts and checks are plain nouns and sentences"),
        );
    }
    Ok((layer, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staging(file: &str, column: &str) -> Model {
        parse(
            file,
            &format!("-- A row.\n-- grain: id\nselect {column} as id from raw_a\n"),
        )
        .unwrap()
    }

    #[test]
    fn the_folder_is_the_layer_and_the_file_is_the_name() {
        let model = staging("my/sql/staging/stg_a.sql", "id");
        assert_eq!(
            (model.layer, model.name.as_str()),
            (Layer::Staging, "stg_a")
        );
        let cases = [
            ("stg_a.sql", "lies in no layer"),
            ("sql/stages/stg_a.sql", "lies in no layer"),
            ("staging/account.sql", "must start with `stg_`"),
            ("staging/stg_A.sql", "does not name a table"),
            ("marts/int_a.sql", "must not start with `int_`"),
            ("marts/a.txt", "does not name a table"),
        ];
        for (file, expected) in cases {
            let error = parse(file, "").unwrap_err();
            assert!(error.to_string().contains(expected), "{file}: {error}");
            assert!(error.hint().is_some(), "{file}");
        }
    }

    #[test]
    fn a_tree_has_each_name_once_and_an_overlay_replaces() {
        let text = "-- A row.\n-- grain: id\nselect id from raw_a\n";
        let twice = [("x/staging/stg_a.sql", text), ("y/staging/stg_a.sql", text)];
        let error = parse_all(twice).unwrap_err();
        assert!(error.to_string().contains("two files are called `stg_a`"));

        let base = vec![
            staging("staging/stg_a.sql", "id"),
            staging("staging/stg_b.sql", "id"),
        ];
        let over = vec![
            staging("mine/staging/stg_b.sql", "key"),
            staging("mine/staging/stg_c.sql", "id"),
        ];
        let all = overlay(base, over).unwrap();
        let files: Vec<&str> = all.iter().map(|model| model.file.as_str()).collect();
        assert_eq!(
            files,
            [
                "staging/stg_a.sql",
                "mine/staging/stg_b.sql",
                "mine/staging/stg_c.sql"
            ]
        );
    }
}
