//! What compiles, and what does not and why.
//!
//! Messages that the compiler makes change with its version; they are compared for the one that they were taken
//! from. The macro's own are compared in `saga-macros` too, without a compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler whose words `fail/types` has.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn what_must_compile_compiles_and_what_must_not_says_why() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    let folders = folders();
    assert!(folders.len() > 5, "only {} folders were found", folders.len());
    for folder in folders {
        let is_compilers = folder.ends_with("types");
        if !is_compilers || is_compiler_of_the_messages() {
            cases.compile_fail(folder.join("*.rs"));
        }
    }
}

/// What the README prints without a program around it stands in a program that compiles.
#[test]
fn the_code_of_the_readme_is_code_that_compiles() {
    let readme = include_str!("../README.md");
    let program = without_whitespace(include_str!("ui/pass/readme.rs"));
    let blocks = readme.split("```rust,ignore\n").skip(1).filter_map(|block| block.split("```").next());
    // Statements come after items, and stand in a function in the program.
    let parts = blocks.flat_map(|block| block.split_inclusive("\n}\n\n")).collect::<Vec<_>>();
    assert!(parts.len() > 3, "only {} pieces of code were found", parts.len());
    for part in parts {
        assert!(program.contains(&without_whitespace(part)), "tests/ui/pass/readme.rs has not\n{part}");
    }
}

fn without_whitespace(code: &str) -> String {
    code.split_whitespace().collect()
}

/// Whether this compiler has the words that `fail/types` expects.
fn is_compiler_of_the_messages() -> bool {
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler).arg("--version").output();
    let is_it = version.is_ok_and(|version| version.stdout.starts_with(COMPILER.as_bytes()));
    if !is_it {
        println!("tests/ui/fail/types is left out: it has the words of {COMPILER}");
    }
    is_it
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
        // Types that differ, are not there, or are one though they should differ, are the compiler's to explain.
        let theirs = ["error[E0308]", "error[E0425]", "error[E0119]"];
        let differs = theirs.iter().any(|code| text.contains(code));
        let sends = text.contains("cannot be sent between threads");
        assert!(differs || sends || text.contains("help: "), "no help in {}", path.display());
    }
}

/// All expected messages with the files that have them.
fn messages() -> Vec<(PathBuf, String)> {
    let files = folders().iter().flat_map(|folder| entries(folder)).collect::<Vec<_>>();
    let expected =
        files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "stderr"));
    expected.map(|file| (file.clone(), fs::read_to_string(file).unwrap_or_default())).collect()
}

/// The folders of mistakes.
fn folders() -> Vec<PathBuf> {
    entries(Path::new("tests/ui/fail"))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}
