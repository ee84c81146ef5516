//! A type without `#[saga]` is used as a saga.

struct Flow;

fn main() {
    let _ = <Flow as sagas::Saga>::graph();
}
