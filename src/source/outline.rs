//! The shape of a Parquet footer, read without trusting it.
//!
//! A crafted footer can make the real decoder recurse until the stack ends or
//! reserve more memory than there is, and neither can be caught. This walk over
//! the Thrift compact protocol allocates nothing per element, recurses to a
//! fixed depth and only counts; what passes is safe to hand to the decoder.
//! It does not interpret anything beyond counts. Format:
//! `parquet.thrift` (`FileMetaData`, `SchemaElement`) and the Thrift compact
//! protocol specification.

/// Deepest nesting of Thrift structures and lists that is followed.
const NESTING_MAX: u32 = 64;

/// Counts that decide whether the footer may be decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// Levels of nested groups in the schema, the root counted.
    pub(super) depth: u64,
    /// Leaf columns.
    pub(super) leaves: u64,
    /// Columns at the top level.
    pub(super) columns: u64,
    /// Row groups.
    pub(super) row_groups: u64,
}

/// Walks a footer.
///
/// # Errors
/// A sentence about what is wrong with it.
pub(super) fn scan(footer: &[u8]) -> Result<Outline, String> {
    let mut reader = Reader { rest: footer };
    let mut outline = Outline::default();
    let mut has_schema = false;
    let mut field = 0;
    while let Some((id, kind)) = reader.field(field)? {
        field = id;
        match (id, kind) {
            (SCHEMA, Kind::List) => {
                scan_schema(&mut reader, &mut outline)?;
                has_schema = true;
            }
            (ROW_GROUPS, Kind::List) => {
                let (count, kind) = reader.list()?;
                outline.row_groups = count;
                for _ in 0..count {
                    reader.skip_element(kind, 0)?;
                }
            }
            _ => reader.skip(kind, 0)?,
        }
    }
    if has_schema {
        Ok(outline)
    } else {
        Err("its footer has no schema".to_owned())
    }
}

const SCHEMA: i16 = 2;
const ROW_GROUPS: i16 = 4;
const CHILDREN: i16 = 5;

fn scan_schema(reader: &mut Reader<'_>, outline: &mut Outline) -> Result<(), String> {
    let (count, kind) = reader.list()?;
    if kind != Kind::Struct {
        return Err("its schema is not a list of columns".to_owned());
    }
    // Children still expected at each open level; the tree is written depth first.
    let mut open: Vec<u64> = Vec::new();
    for element in 0..count {
        let children = scan_element(reader)?;
        if element == 0 {
            outline.columns = children;
        } else {
            while open.last() == Some(&0) {
                open.pop();
            }
            let Some(expected) = open.last_mut() else {
                return Err("its schema lists more columns than its groups hold".to_owned());
            };
            *expected -= 1;
        }
        if children == 0 {
            outline.leaves += 1;
        } else {
            if children > count {
                return Err("a group of its schema claims more columns than there are".to_owned());
            }
            open.push(children);
            outline.depth = outline.depth.max(open.len() as u64);
        }
        if open.len() > MAX_OPEN {
            return Err(format!(
                "its schema is nested more than {MAX_OPEN} levels deep"
            ));
        }
    }
    if open.iter().any(|expected| *expected > 0) {
        return Err("a group of its schema claims more columns than there are".to_owned());
    }
    Ok(())
}

/// Deepest schema that the decoder, which recurses, is given.
const MAX_OPEN: usize = 100;

/// One `SchemaElement`: its number of children.
fn scan_element(reader: &mut Reader<'_>) -> Result<u64, String> {
    let mut children = 0;
    let mut field = 0;
    while let Some((id, kind)) = reader.field(field)? {
        field = id;
        if id == CHILDREN && kind == Kind::Integer {
            let value = reader.zigzag()?;
            children = u64::try_from(value)
                .map_err(|_| "a group of its schema has a negative number of columns".to_owned())?;
        } else {
            reader.skip(kind, 1)?;
        }
    }
    Ok(children)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The value is in the field header itself.
    Flag,
    Byte,
    Integer,
    Double,
    Bytes,
    List,
    Map,
    Struct,
    Uuid,
}

impl Kind {
    fn of(code: u8) -> Result<Self, String> {
        Ok(match code {
            1 | 2 => Self::Flag,
            3 => Self::Byte,
            4..=6 => Self::Integer,
            7 => Self::Double,
            8 => Self::Bytes,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            13 => Self::Uuid,
            _ => return Err("its footer is damaged".to_owned()),
        })
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, String> {
        let (first, rest) = self.rest.split_first().ok_or("its footer ends too early")?;
        self.rest = rest;
        Ok(*first)
    }

    fn advance(&mut self, count: u64) -> Result<(), String> {
        let count = usize::try_from(count).map_err(|_| "its footer ends too early")?;
        self.rest = self.rest.get(count..).ok_or("its footer ends too early")?;
        Ok(())
    }

    fn unsigned(&mut self) -> Result<u64, String> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("its footer holds a number that does not end".to_owned())
    }

    fn zigzag(&mut self) -> Result<i64, String> {
        let value = self.unsigned()?;
        Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()))
    }

    /// The next field's id and kind; `None` at the end of the structure.
    fn field(&mut self, previous: i16) -> Result<Option<(i16, Kind)>, String> {
        let header = self.byte()?;
        if header == 0 {
            return Ok(None);
        }
        let kind = Kind::of(header & 0x0f)?;
        let id = match header >> 4 {
            0 => i16::try_from(self.zigzag()?).map_err(|_| "its footer is damaged")?,
            delta => previous
                .checked_add(i16::from(delta))
                .ok_or("its footer is damaged")?,
        };
        Ok(Some((id, kind)))
    }

    /// A list's length and the kind of its elements; every element takes at
    /// least one byte, so a longer list is a lie.
    fn list(&mut self) -> Result<(u64, Kind), String> {
        let header = self.byte()?;
        let count = match header >> 4 {
            15 => self.unsigned()?,
            short => u64::from(short),
        };
        if count > self.rest.len() as u64 {
            return Err("its footer claims a list longer than itself".to_owned());
        }
        Ok((count, Kind::of(header & 0x0f)?))
    }

    fn skip_element(&mut self, kind: Kind, depth: u32) -> Result<(), String> {
        match kind {
            Kind::Flag => self.advance(1),
            other => self.skip(other, depth + 1),
        }
    }

    fn skip(&mut self, kind: Kind, depth: u32) -> Result<(), String> {
        if depth > NESTING_MAX {
            return Err("its footer is nested too deeply".to_owned());
        }
        match kind {
            Kind::Flag => Ok(()),
            Kind::Byte => self.advance(1),
            Kind::Integer => self.unsigned().map(drop),
            Kind::Double => self.advance(8),
            Kind::Uuid => self.advance(16),
            Kind::Bytes => {
                let length = self.unsigned()?;
                self.advance(length)
            }
            Kind::List => {
                let (count, kind) = self.list()?;
                (0..count).try_for_each(|_| self.skip_element(kind, depth))
            }
            Kind::Map => self.skip_map(depth),
            Kind::Struct => {
                let mut field = 0;
                while let Some((id, kind)) = self.field(field)? {
                    field = id;
                    self.skip(kind, depth + 1)?;
                }
                Ok(())
            }
        }
    }

    fn skip_map(&mut self, depth: u32) -> Result<(), String> {
        let count = self.unsigned()?;
        if count == 0 {
            return Ok(());
        }
        if count > self.rest.len() as u64 {
            return Err("its footer claims a map longer than itself".to_owned());
        }
        let kinds = self.byte()?;
        let (key, value) = (Kind::of(kinds >> 4)?, Kind::of(kinds & 0x0f)?);
        (0..count).try_for_each(|_| {
            self.skip_element(key, depth)?;
            self.skip_element(value, depth)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer with only a schema; each element is its number of children.
    fn footer(children: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x29, 0xfc];
        let mut count = children.len();
        while count >= 0x80 {
            bytes.push(u8::try_from(count & 0x7f).unwrap() | 0x80);
            count >>= 7;
        }
        bytes.push(u8::try_from(count).unwrap());
        for count in children {
            bytes.extend([0x55, count << 1, 0]);
        }
        bytes.push(0);
        bytes
    }

    #[test]
    fn counts_columns_leaves_and_depth() {
        let outline = scan(&footer(&[2, 0, 1, 0])).unwrap();
        assert_eq!(outline.columns, 2);
        assert_eq!(outline.leaves, 2);
        assert_eq!(outline.depth, 2);
    }

    #[test]
    fn refuses_depth_lies_and_bombs() {
        let mut deep = vec![1; 20_000];
        deep.push(0);
        assert!(scan(&footer(&deep)).unwrap_err().contains("levels deep"));
        assert!(scan(&footer(&[3, 0])).unwrap_err().contains("more columns"));
        assert!(
            scan(&footer(&[1, 0, 0]))
                .unwrap_err()
                .contains("more columns")
        );
        // A list of 2^31 elements in a few bytes.
        let bomb = [0x29, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 0];
        assert!(scan(&bomb).unwrap_err().contains("longer than itself"));
        assert!(scan(&[]).unwrap_err().contains("ends too early"));
        assert!(scan(&[0]).unwrap_err().contains("no schema"));
        assert!(scan(&[0x1f; 40]).is_err());
    }
}
