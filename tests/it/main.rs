//! Tests of kenko from outside, in one binary so that it is linked once.

#[cfg(test)]
mod publish;
#[cfg(test)]
mod s3;
#[cfg(test)]
mod source;
#[cfg(test)]
mod support;
