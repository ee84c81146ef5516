//! What compiles, and what does not and why.

#[test]
fn what_must_compile_compiles() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
}
