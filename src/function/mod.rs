//! The functions kenko adds to SQL.
