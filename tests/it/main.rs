//! kenko from outside, one module a part. What SQL computes is tested in
//! `tests/slt`.

#[cfg(test)]
mod engine;
