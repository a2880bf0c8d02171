//! `kenko tables`: the published tables, their grains and columns.

use comfy_table::ContentArrangement;

use super::args::TablesArgs;
use super::format::plain_table;
use super::printer::Printer;
use crate::error::{Error, Result};
use crate::model::shipped::shipped;
use crate::model::{Layer, Model};

/// Characters in a line of the list of tables; what a row is wraps within it.
const WIDTH: u16 = 120;

pub(crate) fn tables(args: &TablesArgs, printer: Printer) -> Result<()> {
    let models = shipped()?;
    let marts: Vec<&Model> = models
        .iter()
        .filter(|model| model.layer == Layer::Mart)
        .collect();
    let Some(name) = &args.table else {
        let mut table = plain_table();
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(WIDTH);
        table.set_header(["table", "grain", "a row is"]);
        for mart in marts {
            let sentence = mart.header.about.split(". ").next().unwrap_or_default();
            let sentence = sentence.trim_end_matches('.');
            table.add_row([&mart.name, &mart.header.grain.join(", "), sentence]);
        }
        return printer.line(&table.to_string());
    };
    let mart = marts
        .iter()
        .find(|mart| mart.name == *name)
        .ok_or_else(|| {
            Error::usage(format!("`{name}` is not a published table"))
                .with_hint("`kenko tables` lists them")
        })?;
    let mut table = plain_table();
    table.set_header(["column", "type", "unit", "meaning"]);
    for column in &mart.header.columns {
        let kind = column.kind.to_string();
        table.add_row([&column.name, &kind, &column.unit, &column.about]);
    }
    printer.line(&format!(
        "{}: {}\ngrain: {}\n{table}",
        mart.name,
        mart.header.about,
        mart.header.grain.join(", ")
    ))
}
