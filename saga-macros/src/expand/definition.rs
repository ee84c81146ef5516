//! The definition: what the machine knows of the saga.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::quote;

use super::proofs;
use crate::attr::in_doubt::InDoubt;
use crate::attr::policy::{Attempts, PolicyArgs, RetryArgs};
use crate::attr::step::{Kind, StepArgs};
use crate::model::{Form, Method, Saga, Step};

/// The expression that makes the definition.
pub(crate) fn expand(saga: &Saga, library: &TokenStream) -> TokenStream {
    let version = saga.args.version.unwrap_or(1);
    let deadline = saga.args.deadline.as_ref().map(|deadline| {
        let deadline = duration(deadline.duration);
        quote!(.deadline(#deadline))
    });
    let output = saga.output;
    let steps = saga.steps.iter().filter_map(|each| step(saga, each, library));
    quote! {
        #library::__private::Definition::new(<Self as #library::Saga>::NAME, #version, ::std::vec::Vec::from([#(#steps),*]), #output)
            #deadline
    }
}

fn step(saga: &Saga, step: &Step, library: &TokenStream) -> Option<TokenStream> {
    let args = saga.args(step)?;
    let kind = kind(step.kind?);
    let name = &step.name;
    let after = match step.after.len() {
        0 => TokenStream::new(),
        _ => {
            let after = &step.after;
            let after = after.iter();
            quote!(.after(&[#(#after),*]))
        }
    };
    let idempotent = args.idempotent.as_ref().map(|said| match &said.within {
        None => quote!(.idempotent()),
        Some(within) => {
            let within = duration(within.duration);
            quote!(.idempotent_within(#within))
        }
    });
    let policy = policy(&args.policy, base(saga, step), library);
    let in_doubt = retry_in_doubt(step, args, library);
    let park = matches!(args.in_doubt, Some(InDoubt::Park)).then(|| quote!(.park_in_doubt()));
    let compensation = compensation(saga, step, library);
    let check = check(saga, step, args, library);
    let flow = flow(saga, step, args, library);
    Some(quote! {
        #library::__private::StepDefinition::new(#name, #library::__private::StepKind::#kind)
            #after #flow #idempotent #policy #in_doubt #park #check #compensation
    })
}

/// When it runs, and how often: what a step does not say leaves no tokens.
fn flow(saga: &Saga, step: &Step, args: &StepArgs, library: &TokenStream) -> TokenStream {
    let conditional = args.when.as_ref().map(|_| quote!(.conditional()));
    let delay = args.delay.as_ref().map(|delay| {
        let delay = duration(delay.duration);
        quote!(.delay(#delay))
    });
    let signal = args.signal.as_ref().map(|_| {
        let within = match args.within.as_ref().map(|within| duration(within.duration)) {
            Some(within) => quote!(::core::option::Option::Some(#within)),
            None => quote!(::core::option::Option::None),
        };
        quote!(.signal(#within))
    });
    let fan_out = args.for_each.as_ref().map(|_| {
        let concurrency = match args.concurrency {
            Some(concurrency) => quote!(#concurrency),
            None => quote!(#library::__private::FanOut::CONCURRENCY),
        };
        quote!(.fan_out(#concurrency))
    });
    let child = saga.child(step).map(|child| {
        let name = proofs::of_child(child, "NAME", library);
        quote!(.child(#name))
    });
    let max_running = args.max_running.map(|attempts| quote!(.max_running(#attempts)));
    quote!(#conditional #delay #signal #fan_out #child #max_running)
}

fn kind(kind: Kind) -> TokenStream {
    match kind {
        Kind::Compensatable => quote!(Compensatable),
        Kind::Pivot => quote!(Pivot),
        Kind::Retriable => quote!(Retriable),
        Kind::ReadOnly => quote!(ReadOnly),
    }
}

/// Where a policy starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    /// It gives up.
    Forward,
    /// It does not, and the kind says so already.
    Persistent,
    /// It does not, though its kind would.
    PersistentByPlace,
}

fn base(saga: &Saga, step: &Step) -> Base {
    let after_pivot = saga.pivot().is_some_and(|pivot| step.ancestors.contains(&pivot));
    match step.kind {
        Some(Kind::Retriable) => Base::Persistent,
        Some(Kind::ReadOnly) if after_pivot => Base::PersistentByPlace,
        Some(Kind::Compensatable | Kind::Pivot | Kind::ReadOnly) | None => Base::Forward,
    }
}

/// What an idempotent pivot in doubt does: it is tried without limit, whatever the limit is before, and with the
/// delays that are said.
fn retry_in_doubt(step: &Step, args: &StepArgs, library: &TokenStream) -> Option<TokenStream> {
    let said = args.policy.retry.as_ref().filter(|_| step.kind == Some(Kind::Pivot))?;
    let delays = delays(said);
    let is_needed = args.idempotent.is_some() && !delays.is_empty();
    is_needed.then(|| quote!(.retry_in_doubt(#library::__private::RetryPolicy::PERSISTENT #delays)))
}

fn compensation(saga: &Saga, step: &Step, library: &TokenStream) -> Option<TokenStream> {
    if step.is_child && step.kind == Some(Kind::Compensatable) {
        return Some(quote! {
            .compensation(
                #library::__private::CompensationDefinition::new("child", #library::__private::OutputUse::Unused)
            )
        });
    }
    let method = saga.block.methods.get(step.compensation?)?;
    let name = method.name();
    let output = match method.param(&step.output).map(|param| &param.form) {
        None => quote!(Unused),
        Some(Form::Optional(_)) => quote!(Optional),
        Some(Form::Reference(_) | Form::Other) => quote!(Required),
    };
    let policy = method_policy(method, library);
    Some(quote! {
        .compensation(
            #library::__private::CompensationDefinition::new(#name, #library::__private::OutputUse::#output)
                #policy
        )
    })
}

fn check(saga: &Saga, step: &Step, args: &StepArgs, library: &TokenStream) -> Option<TokenStream> {
    let method = saga.block.methods.get(step.check?)?;
    let name = method.name();
    let after = match &args.in_doubt {
        Some(InDoubt::Check { after: Some(after), .. }) => {
            let after = duration(after.duration);
            Some(quote!(.after(#after)))
        }
        _ => None,
    };
    let policy = method_policy(method, library);
    Some(quote!(.check(#library::__private::CheckDefinition::new(#name) #after #policy)))
}

fn method_policy(method: &Method, library: &TokenStream) -> Option<TokenStream> {
    method.policy.as_ref().map(|said| policy(&said.args, Base::Persistent, library))
}

fn policy(args: &PolicyArgs, base: Base, library: &TokenStream) -> TokenStream {
    let retry = match (&args.retry, base) {
        (None, Base::Forward | Base::Persistent) => None,
        (None, Base::PersistentByPlace) => Some(TokenStream::new()),
        (Some(said), _) => Some(retry(said)),
    };
    let base = match base {
        Base::Forward => quote!(FORWARD),
        Base::Persistent | Base::PersistentByPlace => quote!(PERSISTENT),
    };
    let retry = retry.map(|said| quote!(.retry(#library::__private::RetryPolicy::#base #said)));
    let timeout = args.timeout.as_ref().map(|timeout| {
        let timeout = duration(timeout.duration);
        quote!(.timeout(#timeout))
    });
    quote!(#retry #timeout)
}

fn retry(args: &RetryArgs) -> TokenStream {
    let attempts = args.attempts.as_ref().map(|attempts| match attempts {
        Attempts::AtMost(_, attempts) => quote!(.attempts(#attempts)),
        Attempts::Unlimited => quote!(.unlimited()),
    });
    let delays = delays(args);
    quote!(#attempts #delays)
}

fn delays(args: &RetryArgs) -> TokenStream {
    let initial = args.initial.as_ref().map(|initial| {
        let initial = duration(initial.duration);
        quote!(.initial(#initial))
    });
    let factor = args.factor.map(|factor| quote!(.factor(#factor)));
    let max = args.max.as_ref().map(|max| {
        let max = duration(max.duration);
        quote!(.max(#max))
    });
    let jitter = args.jitter.map(|jitter| quote!(.jitter(#jitter)));
    quote!(#initial #factor #max #jitter)
}

/// The expression of a duration.
pub(crate) fn duration(duration: Duration) -> TokenStream {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    quote!(::core::time::Duration::from_millis(#millis))
}
