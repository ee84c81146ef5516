//! The impl block.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{ImplItem, Item, ItemImpl, Type};

use super::header::Header;
use super::method::{Method, ungrouped};
use crate::diag::Diag;
use crate::names;

/// The impl block without our attributes, and what was found in it.
pub(crate) struct Block {
    pub(crate) item: ItemImpl,
    pub(crate) header: Header,
    /// The name of the type.
    pub(crate) ident: Ident,
    pub(crate) methods: Vec<Method>,
}

const HELP: &str = "write `#[saga]` on the impl block of a struct: `impl OrderFlow { .. }`";

impl Block {
    /// Reads an impl block and takes our attributes off it.
    ///
    /// # Errors
    /// The tokens to emit for what is no inherent impl block of a named type; it has been reported.
    pub(crate) fn take(tokens: TokenStream, diag: &mut Diag) -> Result<Self, TokenStream> {
        let mut item = match syn::parse2::<Item>(tokens.clone()) {
            Ok(Item::Impl(item)) => item,
            Ok(other) => {
                diag.error(first_token(&tokens), "only an impl block can be a saga", HELP);
                return Err(other.into_token_stream());
            }
            Err(error) => {
                diag.push(error);
                return Err(TokenStream::new());
            }
        };
        let mut methods = Vec::new();
        for member in &mut item.items {
            if let ImplItem::Fn(method) = member {
                methods.push(Method::take(method, diag));
            }
        }
        if let Some((path, _)) = &item.trait_ {
            diag.error(path, "the impl block of a trait cannot be a saga", HELP);
            return Err(item.into_token_stream());
        }
        match type_name(&item.self_ty) {
            Some(ident) => {
                let header = Header::new(&item);
                // The compiler helps with an unknown type by a place in the user's own code only, and reports it
                // once only if it says the same of each mention: the expansion has more of them.
                item.impl_token.span = names::invented(item.impl_token.span);
                Ok(Self { item, header, ident, methods })
            }
            None => {
                diag.error(&item.self_ty, "only a type with a name of its own can be a saga", HELP);
                Err(item.into_token_stream())
            }
        }
    }
}

/// The token that says what kind of item it is, or else the first one.
fn first_token(tokens: &TokenStream) -> TokenStream {
    let is_keyword = |word: &str| {
        ["struct", "enum", "union", "fn", "mod", "trait", "type", "const", "static", "use"].contains(&word)
    };
    let all = || tokens.clone().into_iter();
    all()
        .find(|token| is_keyword(&token.to_string()))
        .or_else(|| all().next())
        .map(ToTokens::into_token_stream)
        .unwrap_or_default()
}

fn type_name(ty: &Type) -> Option<Ident> {
    match ungrouped(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last().map(|last| last.ident.clone()),
        _ => None,
    }
}
