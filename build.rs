//! Makes Cargo notice a SQL file that was added: `include_dir!` tracks only the
//! files it saw when it was last expanded.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=sql");
}
