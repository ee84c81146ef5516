//! Expansions: a reviewed snapshot, and their size.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;

/// Set this variable to write the snapshot anew; then review what changed.
const UPDATE: &str = "UPDATE_SNAPSHOT";

#[test]
fn the_expansion_of_three_steps_is_as_reviewed() {
    let saga = crate::saga::saga(
        quote!(),
        quote! {
            impl<P: Payments> OrderFlow<P> {
                #[step(compensate = cancel_order, idempotent)]
                async fn create_order(&self, input: &PlaceOrder) -> Result<OrderId, OrderError> {}
                async fn cancel_order(&self, create_order: &OrderId) -> Result<(), OrderError> {}
                #[step(
                    output = payment,
                    compensate = refund_payment,
                    in_doubt = check(find_payment, after = "10s"),
                    retry(attempts = 4, initial = "50ms"),
                    timeout = "2s"
                )]
                async fn process_payment(&self, cx: &StepContext, input: &PlaceOrder) -> Result<Payment, PaymentError> {}
                async fn find_payment(&self, cx: &StepContext) -> Result<Checked<Payment>, PaymentError> {}
                #[policy(retry(attempts = unlimited))]
                async fn refund_payment(
                    &self,
                    payment: Option<&Payment>,
                    failure: &Failure
                ) -> Result<(), PaymentError> {}
                #[step(pivot, in_doubt = park)]
                async fn prepare_shipment(&self, create_order: &OrderId, payment: &Payment) -> Reply<Shipment> {}
            }
        },
    );
    compare("three_steps.snap", &saga);
}

#[test]
fn the_expansion_of_the_whole_language_is_as_reviewed() {
    let saga = crate::saga::saga(
        quote!(deadline = "30d"),
        quote! {
            impl Trip {
                #[step(
                    output = rooms,
                    when = has_guests,
                    for_each = guests,
                    concurrency = 4,
                    compensate = release,
                    idempotent(within = "24h"),
                    max_running = 50
                )]
                async fn reserve(&self, item: &Guest) -> Result<Room, HotelError> {}
                fn has_guests(&self, input: &Request) -> bool {}
                fn guests(&self, input: &Request) -> Vec<Guest> {}
                async fn release(&self, item: &Guest, rooms: &Room) -> Result<(), HotelError> {}
                #[step(signal, within = "3d", delay = "1h", read_only)]
                async fn confirmed(&self, signal: &Confirmed) -> Result<u32, HotelError> {}
                #[step(child = Billing)]
                fn bill(&self, rooms: Option<&[Room]>, confirmed: &u32) -> Bill {}
            }
        },
    );
    compare("whole_language.snap", &saga);
}

#[test]
fn the_expansion_of_the_order_saga_is_short() {
    let source = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/ui/pass/order_flow.rs"));
    let file = syn::parse_file(&source.unwrap()).unwrap();
    let block = file.items.into_iter().find_map(|item| match item {
        syn::Item::Impl(mut item) if item.attrs.iter().any(|attribute| attribute.path().is_ident("saga")) => {
            item.attrs.clear();
            Some(quote!(#item))
        }
        _ => None,
    });
    let saga = crate::saga::saga(TokenStream::new(), block.unwrap());
    let lines = compare("order_flow.snap", &saga);
    assert!(lines < 500, "{lines} lines");
}

/// Compares an expansion with the snapshot in `file`, and says how many lines that has.
fn compare(file: &str, expanded: &TokenStream) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests").join(file);
    if env::var_os(UPDATE).is_some() {
        fs::write(&path, formatted(&expanded.to_string())).unwrap();
    }
    let snapshot = fs::read_to_string(&path).unwrap();
    let (reviewed, expanded) = (words(snapshot.parse().unwrap()), words(expanded.clone()));
    let same = reviewed.iter().zip(&expanded).take_while(|(one, other)| one == other).count();
    let around =
        |words: &[String]| words.iter().skip(same.saturating_sub(20)).take(40).cloned().collect::<String>();
    assert!(
        reviewed == expanded,
        "{file} has\n{}\nbut the expansion is\n{}\nwrite it anew with {UPDATE}=1, and review it",
        around(&reviewed),
        around(&expanded)
    );
    snapshot.lines().count()
}

/// All tokens but those that a formatter puts in and takes out.
fn words(tokens: TokenStream) -> Vec<String> {
    let mut words = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace | Delimiter::None => ("", ""),
                };
                words.push(open.to_owned());
                words.extend(self::words(group.stream()));
                words.push(close.to_owned());
            }
            TokenTree::Punct(comma) if comma.as_char() == ',' => {}
            other => words.push(format!("{other} ")),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The text as rustfmt lays it out.
fn formatted(text: &str) -> String {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "max_width=110,use_small_heuristics=Max"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    rustfmt.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(rustfmt.wait_with_output().unwrap().stdout).unwrap()
}
