//! How a parameter takes its value: `&T`, `Option<&T>`, `&[T]` or `Option<&[T]>`.

use syn::Type;

use super::Read;
use crate::diag::{Diag, text};
use crate::model::{Form, Step, type_argument, ungrouped};

impl Read<'_> {
    /// A value that is there in every call, for the reason `why`.
    pub(super) fn always_there(&self, why: &str, diag: &mut Diag) {
        if let Form::Optional(ty) = &self.param.form {
            self.superfluous_option(why, &text(ty), diag);
        }
    }

    /// The output of the step `other` at `of`, which runs before: it may have been skipped, and there may be one
    /// for each item.
    pub(super) fn earlier(&self, of: usize, other: &Step, diag: &mut Diag) {
        let (Form::Reference(ty) | Form::Optional(ty)) = &self.param.form else { return };
        let is_optional = matches!(self.param.form, Form::Optional(_));
        let step = self.step_name(of);
        // The output of one item, or a `Vec` of them, where there is a slice of them.
        let slice = other.list.and_then(|_| self.output_of(of)).filter(|one| is_one_or_vec(ty, one));
        let wanted = slice.map_or_else(|| text(ty), |one| format!("[{}]", text(one)));
        if other.condition.is_some() && !is_optional {
            diag.error(
                &self.param.ty,
                format_args!("`{step}` may be skipped, and then it has no output"),
                format_args!("write `{}: Option<&{wanted}>`", self.name),
            );
        } else if other.condition.is_none() && is_optional {
            self.superfluous_option(&format!("`{step}` has always run before"), &wanted, diag);
        } else if slice.is_some() {
            let wanted = if is_optional { format!("Option<&{wanted}>") } else { format!("&{wanted}") };
            diag.error(
                &self.param.ty,
                format_args!("`{step}` runs once for each item, so `{}` is a slice", self.name),
                format_args!("write `{}: {wanted}`", self.name),
            );
        }
    }

    /// The output of the compensation's own step: of one item, if that fans out.
    pub(super) fn one_item(&self, diag: &mut Diag) {
        let (Form::Reference(ty) | Form::Optional(ty)) = &self.param.form else { return };
        let Some(output) = self.output_of(self.index) else { return };
        if self.step().is_some_and(|step| step.list.is_some())
            && let Type::Slice(slice) = ungrouped(ty)
            && text(&slice.elem) == text(output)
        {
            let is_optional = matches!(self.param.form, Form::Optional(_));
            let one =
                if is_optional { format!("Option<&{}>", text(output)) } else { format!("&{}", text(output)) };
            diag.error(
                &self.param.ty,
                format_args!("`{}` is called for one item at a time", self.method.sig.ident),
                format_args!("write `{}: {one}`", self.name),
            );
        }
    }

    fn superfluous_option(&self, why: &str, ty: &str, diag: &mut Diag) {
        diag.error(
            &self.param.ty,
            format_args!("`{}` needs no `Option`: {why}", self.name),
            format_args!("write `{}: &{ty}`", self.name),
        );
    }

    /// The `T` that the step at `of` is written to return.
    fn output_of(&self, of: usize) -> Option<&Type> {
        type_argument(self.saga.method(self.saga.steps.get(of)?)?, 0)
    }
}

fn is_one_or_vec(ty: &Type, one: &Type) -> bool {
    let is_vec = matches!(ungrouped(ty), Type::Path(path)
        if path.path.segments.last().is_some_and(|last| last.ident == "Vec"));
    is_vec || text(ty) == text(one)
}
