//! Tests of kenko from outside, in one binary so that it is linked once.

#[cfg(test)]
mod graph;
#[cfg(test)]
mod publish;
#[cfg(test)]
mod s3;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod support;
