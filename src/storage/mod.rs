//! One way to local disk and object stores.
