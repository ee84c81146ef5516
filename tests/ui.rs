//! What compiles, and what does not and why.
//!
//! Messages that the compiler makes change with its version; they are compared where `rust-toolchain` and CI say
//! which one it is. The macro's own are compared in `saga-macros` too, without a compiler.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn what_must_compile_compiles_and_what_must_not_says_why() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*/*.rs");
}

/// One mistake is one message, at a place, with what to write instead.
#[test]
fn each_mistake_is_one_message_with_a_place_and_help() {
    let messages = messages();
    assert!(messages.len() > 100, "only {} messages were found", messages.len());
    for (path, text) in messages {
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let expected = if name.starts_with("two_errors") { 2 } else { 1 };
        let starts = |line: &&str| line.starts_with("error:") || line.starts_with("error[");
        let errors = text.lines().filter(starts).count();
        assert_eq!(errors, expected, "errors in {}", path.display());
        assert!(text.contains("^"), "no place is marked in {}", path.display());
        assert!(!text.contains("warning:"), "a warning in {}", path.display());
        // Types that differ are the compiler's to explain.
        let differs = text.contains("error[E0308]");
        let sends = text.contains("cannot be sent between threads");
        assert!(differs || sends || text.contains("help: "), "no help in {}", path.display());
    }
}

/// All expected messages with the files that have them.
fn messages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/fail");
    let folders = fs::read_dir(root).unwrap().map(|folder| folder.unwrap().path());
    let files = folders.flat_map(|folder| fs::read_dir(folder).unwrap()).map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|extension| extension == "stderr"))
        .map(|file| (file.clone(), fs::read_to_string(file).unwrap()))
        .collect()
}
