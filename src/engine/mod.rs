//! The only user of DataFusion's session.
