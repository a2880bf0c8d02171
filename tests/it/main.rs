//! Tests of kenko from outside, in one binary so that it is linked once. What
//! SQL computes is tested in `tests/slt`.

mod docs;
mod engine;
mod graph;
mod publish;
mod s3;
mod saas_export;
mod sample;
mod source;
mod support;
mod tidy;
