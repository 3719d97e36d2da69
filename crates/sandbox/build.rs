//! The images' inputs are embedded, so a change of theirs is a change of this crate.

fn main() {
    println!("cargo:rerun-if-changed=../../sandbox");
}
