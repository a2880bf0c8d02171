//! Tests of kenko from outside, in one binary so that it is linked once. What
//! SQL computes is tested in `tests/slt`.

#[cfg(test)]
mod backfill;
#[cfg(test)]
mod churn;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod cutoff;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod fire;
#[cfg(test)]
mod graph;
#[cfg(test)]
mod health;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod marts;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod money;
#[cfg(test)]
mod night;
#[cfg(test)]
mod prune;
#[cfg(test)]
mod publish;
#[cfg(test)]
mod reuse;
#[cfg(test)]
mod s3;
#[cfg(test)]
mod saas_export;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod schedule;
#[cfg(test)]
mod source;
#[cfg(test)]
mod span;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod voice;
