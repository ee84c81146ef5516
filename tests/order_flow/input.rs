//! Commands and data that are wrong: the exit status is 2, and the message says what to change.

use std::fs;
use std::path::Path;

use crate::program::order_flow;

/// A copy of the example's own data, with `from` in `file` replaced.
fn data(folder: &Path, file: &str, from: &str, to: &str) -> String {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/order_flow/data");
    for name in ["products.csv", "orders.csv", "order_lines.csv"] {
        let mut text = fs::read_to_string(own.join(name)).unwrap();
        if name == file {
            assert!(text.contains(from));
            text = text.replacen(from, to, 1);
        }
        fs::write(folder.join(name), text).unwrap();
    }
    format!("--data {}", folder.display())
}

#[test]
fn wrong_data_is_named_by_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("db");
    let cases = [
        (
            "products.csv",
            "1,Reading lamp,49.00,26,0",
            "1,Reading lamp,49.00,many,0",
            "line 2, column 4 (units_in_stock)",
        ),
        ("orders.csv", "\n1002,", "\n1001,", "line 3, column 1 (order_id): order 1001 is there twice"),
        ("orders.csv", "freight", "cargo", "line 1: there is no column freight"),
        ("order_lines.csv", ",49.00,", ",49.0.0,", "column 3 (unit_price): \"49.0.0\""),
    ];
    for (file, from, to, expected) in cases {
        let run = order_flow(&db, &data(folder.path(), file, from, to));
        assert_eq!(run.code, Some(2), "{run:#?}");
        let place = folder.path().join(file);
        assert!(run.stderr.starts_with(&format!("error: {}, ", place.display())), "{run:#?}");
        assert!(run.stderr.contains(expected), "{run:#?}");
        assert!(!db.exists(), "nothing was begun");
    }
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let run = order_flow(folder.path(), &format!("--data {}", folder.path().display()));
    assert_eq!(run.code, Some(2));
    let expected = format!("error: cannot read {}\n", folder.path().join("products.csv").display());
    assert!(run.stderr.starts_with(&expected), "{run:#?}");
}

#[test]
fn a_wrong_command_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (options, expected) in [
        ("--concurrency 0", "a number from 1 to 100000 is needed"),
        ("--credit-limit much", "an amount such as 2000"),
        ("--colour", "invalid option '--colour'"),
    ] {
        let run = order_flow(folder.path(), options);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.starts_with("error: "), "{run:#?}");
        assert_eq!(run.stderr.matches(expected).count(), 1, "said once: {run:#?}");
    }
    let run = order_flow(folder.path(), "--help");
    assert_eq!(run.code, Some(0));
    assert!(run.stdout.contains("--crash-after"));
    assert!(run.stdout.contains("A --db belongs to the data, --credit-limit and --no-ship of its first run"));
}

#[test]
fn databases_serve_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("db");
    let result = order_flow(&db, "--json").result();
    let other = data(folder.path(), "orders.csv", "2025-03-04", "2025-03-02") + " --json";
    let cases = [
        (other.as_str(), "other data"),
        ("--credit-limit 9", "--credit-limit 2000.00"),
        ("--no-ship Peru", "no --no-ship"),
    ];
    for (options, what) in cases {
        let run = order_flow(&db, options);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:#?}");
        assert!(run.stderr.contains(&format!("belongs to a run with {what}; give another --db")), "{run:#?}");
    }
    assert_eq!(order_flow(&db, "--json --concurrency 2").result(), result);
}
