//! Tests of kenko from outside, in one binary so that it is linked once.

mod docs;
mod engine;
mod graph;
mod publish;
mod s3;
mod source;
mod support;
mod tidy;
