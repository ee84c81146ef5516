//! How the tests come to the example's program, and run it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// What the program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The object that `--json` printed. The audit found nothing, and the exit status says so.
    pub(crate) fn result(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:#?}");
        let result: Value = serde_json::from_str(&self.stdout).unwrap();
        assert_eq!(result["audit"], "ok", "{self:#?}");
        result
    }
}

/// Runs the program with these words and options, on the databases in `db`.
pub(crate) fn order_flow(db: &Path, options: &str) -> Run {
    let output = command(db, options).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The command that does that.
pub(crate) fn command(db: &Path, options: &str) -> Command {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(build);
    let mut command = Command::new(&*PROGRAM);
    command.arg("--db").arg(db).args(options.split_whitespace());
    command
}

/// Builds the program. `cargo test --test order_flow` does not do it, and where it was built already this
/// takes no time.
fn build() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // This test is target/<profile>/deps/<name>.
    let target = test.ancestors().nth(3).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--package", "sagas", "--example", "order_flow", "--message-format", "json"]);
    cargo.arg("--target-dir").arg(target).current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let messages = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    let program = messages.map(Result::unwrap).find_map(|message| {
        let is_it = message["target"]["name"] == "order_flow" && message["reason"] == "compiler-artifact";
        is_it.then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
    });
    program.unwrap()
}

/// The option for the folder with the Northwind orders, if there is one here.
pub(crate) fn northwind() -> Option<String> {
    let folder = std::env::var_os("ORDER_FLOW_DATA");
    let Some(folder) = folder.map(PathBuf::from) else {
        eprintln!("skipped: ORDER_FLOW_DATA does not name a folder with orders");
        return None;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    assert!(folder.join("orders.csv").exists(), "ORDER_FLOW_DATA: {} has no orders.csv", folder.display());
    Some(format!("--data {}", folder.display()))
}
