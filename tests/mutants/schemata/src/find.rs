//! Finds the places of a file that can be changed, and how. What macros, patterns, constants and
//! `const` functions hold is left alone: no switch can stand there.

use std::collections::BTreeMap;
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Arm, BinOp, Block, Expr, ExprBinary, ExprMatch, ExprStruct, ExprUnary, Pat, Signature, Type,
    UnOp,
};

use crate::values::values;

/// How many characters of the source stand in the name of a mutant.
const SHOWN: usize = 60;

/// A place, and the mutants that it has.
pub struct Site {
    /// What is replaced. A place where something is added is empty.
    pub range: Range<usize>,
    /// The place to show.
    pub at: usize,
    pub form: Form,
    pub changes: Vec<Change>,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Form {
    /// An expression: each change stands instead of it.
    Expression,
    /// The beginning of a function: each change is returned.
    Body,
    /// The end of a pattern without a guard: the only change ends the arm.
    Arm,
    /// A guard: each change stands instead of it.
    Guard,
}

pub struct Change {
    pub id: u32,
    pub name: String,
    pub code: String,
}

/// The places of a file, with ids from `next` on.
pub fn sites(text: &str, next: &mut u32) -> syn::Result<Vec<Site>> {
    let file = syn::parse_file(text)?;
    let mut finder =
        Finder { text, next, function: Vec::new(), names: BTreeMap::new(), sites: Vec::new() };
    finder.visit_file(&file);
    Ok(finder.sites)
}

struct Finder<'a> {
    text: &'a str,
    next: &'a mut u32,
    /// The type or trait and the function that the visit is in.
    function: Vec<String>,
    /// How many mutants have a name.
    names: BTreeMap<String, u32>,
    sites: Vec<Site>,
}

impl Finder<'_> {
    fn of(&self, node: &impl Spanned) -> &str {
        &self.text[node.span().byte_range()]
    }

    fn shown(&self, node: &impl Spanned) -> String {
        shortened(self.of(node))
    }

    fn add(&mut self, range: Range<usize>, form: Form, at: usize, changes: Vec<(String, String)>) {
        if changes.is_empty() || self.function.is_empty() {
            return;
        }
        let changes = changes.into_iter().map(|(what, code)| self.change(&what, code)).collect();
        self.sites.push(Site { range, at, form, changes });
    }

    fn change(&mut self, what: &str, code: String) -> Change {
        let id = *self.next;
        *self.next += 1;
        let name = format!("{}: {what}", self.function.join("::"));
        let count = self.names.entry(name.clone()).or_default();
        *count += 1;
        let name = if *count == 1 { name } else { format!("{name} ({count})") };
        Change { id, name, code }
    }

    /// Visits what has a name of its own: a type, a trait, a function.
    fn within(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.function.push(name);
        visit(self);
        self.function.pop();
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        if signature.constness.is_some() {
            return;
        }
        self.within(signature.ident.to_string(), |finder| {
            finder.body(signature, block);
            finder.visit_block(block);
        });
    }

    fn body(&mut self, signature: &Signature, block: &Block) {
        let (Some(first), Some(last)) = (block.stmts.first(), block.stmts.last()) else { return };
        // `Default::default()` in `default` would not end.
        if signature.ident == "default" {
            return;
        }
        let whole = &self.text[first.span().byte_range().start..last.span().byte_range().end];
        let others = values(&signature.output).into_iter().filter(|value| value != whole);
        let changes = others.map(|value| (format!("returns `{}`", plain(&value)), value)).collect();
        let start = block.brace_token.span.open().byte_range().end;
        self.add(start..start, Form::Body, signature.span().byte_range().start, changes);
    }

    fn expression(&mut self, node: &impl Spanned, changes: Vec<(String, String)>) {
        let range = node.span().byte_range();
        self.add(range.clone(), Form::Expression, range.start, changes);
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_impl(&mut self, node: &'ast syn::ItemImpl) {
        self.within(type_name(&node.self_ty), |finder| visit::visit_item_impl(finder, node));
    }

    fn visit_item_trait(&mut self, node: &'ast syn::ItemTrait) {
        self.within(node.ident.to_string(), |finder| visit::visit_item_trait(finder, node));
    }

    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        if !node.attrs.iter().any(|attr| attr.path().is_ident("cfg")) {
            visit::visit_item_mod(self, node);
        }
    }

    fn visit_item_fn(&mut self, node: &'ast syn::ItemFn) {
        self.function(&node.sig, &node.block);
    }

    fn visit_impl_item_fn(&mut self, node: &'ast syn::ImplItemFn) {
        self.function(&node.sig, &node.block);
    }

    fn visit_trait_item_fn(&mut self, node: &'ast syn::TraitItemFn) {
        if let Some(block) = &node.default {
            self.function(&node.sig, block);
        }
    }

    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_type(&mut self, _: &'ast Type) {}

    fn visit_expr_binary(&mut self, node: &'ast ExprBinary) {
        let of_let = has_let(&node.left) || has_let(&node.right);
        if !of_let {
            let (left, right) = (self.of(&node.left), self.of(&node.right));
            let shown = (self.shown(&node.left), self.shown(&node.right));
            let sign = self.of(&node.op);
            let change = |other: &&str| {
                let name = format!("`{} {sign} {}` → `{other}`", shown.0, shown.1);
                (name, format!("({left}) {other} ({right})"))
            };
            let changes = instead_of(&node.op).iter().map(change).collect();
            self.expression(node, changes);
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast ExprUnary) {
        if matches!(node.op, UnOp::Not(_) | UnOp::Neg(_)) {
            let change = (
                format!("`{}` without `{}`", self.shown(node), self.of(&node.op)),
                self.of(&node.expr).to_owned(),
            );
            self.expression(node, vec![change]);
        }
        visit::visit_expr_unary(self, node);
    }

    fn visit_expr_struct(&mut self, node: &'ast ExprStruct) {
        if let Some(rest) = &node.rest {
            let change = |left_out: usize| {
                let others = node.fields.iter().enumerate().filter(|(index, _)| *index != left_out);
                let fields: String =
                    others.map(|(_, field)| format!("{}, ", self.of(field))).collect();
                let field = &node.fields[left_out].member;
                let name = format!("`{}` without `{}`", self.shown(&node.path), self.of(field));
                (name, format!("{} {{ {fields}..{} }}", self.of(&node.path), self.of(rest)))
            };
            let changes = (0..node.fields.len()).map(change).collect();
            self.expression(node, changes);
        }
        visit::visit_expr_struct(self, node);
    }

    fn visit_expr_match(&mut self, node: &'ast ExprMatch) {
        let has_wildcard = node.arms.iter().any(is_wildcard);
        for arm in &node.arms {
            self.arm(arm, has_wildcard && !is_wildcard(arm));
        }
        visit::visit_expr_match(self, node);
    }
}

impl Finder<'_> {
    fn arm(&mut self, arm: &Arm, may_go: bool) {
        let pattern = arm.pat.span().byte_range();
        let gone = (format!("without the arm `{}`", self.shown(&arm.pat)), "false".to_owned());
        match &arm.guard {
            None if may_go => {
                self.add(pattern.end..pattern.end, Form::Arm, pattern.start, vec![gone])
            }
            Some((_, guard)) if !has_let(guard) => {
                let shown = self.shown(guard);
                let change =
                    |value: &str| (format!("guard `{shown}` → `{value}`"), value.to_owned());
                let range = guard.span().byte_range();
                self.add(
                    range.clone(),
                    Form::Guard,
                    range.start,
                    vec![change("true"), change("false")],
                );
            }
            _ => {}
        }
    }
}

fn is_wildcard(arm: &Arm) -> bool {
    matches!(arm.pat, Pat::Wild(_)) && arm.guard.is_none()
}

/// Whether a condition binds names, which it could not do inside a switch.
fn has_let(of: &Expr) -> bool {
    match of {
        Expr::Let(_) => true,
        Expr::Binary(ExprBinary { left, op: BinOp::And(_), right, .. }) => {
            has_let(left) || has_let(right)
        }
        _ => false,
    }
}

fn instead_of(op: &BinOp) -> &'static [&'static str] {
    match op {
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::Lt(_) => &["==", ">", "<="],
        BinOp::Gt(_) => &["==", "<", ">="],
        BinOp::Le(_) => &[">"],
        BinOp::Ge(_) => &["<"],
        BinOp::Add(_) => &["-", "*"],
        BinOp::Sub(_) => &["+", "/"],
        BinOp::Mul(_) => &["+", "/"],
        BinOp::Div(_) => &["%", "*"],
        BinOp::Rem(_) => &["/", "+"],
        BinOp::Shl(_) => &[">>"],
        BinOp::Shr(_) => &["<<"],
        BinOp::BitAnd(_) => &["|", "^"],
        BinOp::BitOr(_) => &["&", "^"],
        BinOp::BitXor(_) => &["|", "&"],
        BinOp::AddAssign(_) => &["-=", "*="],
        BinOp::SubAssign(_) => &["+=", "/="],
        BinOp::MulAssign(_) => &["+=", "/="],
        BinOp::DivAssign(_) => &["%=", "*="],
        BinOp::RemAssign(_) => &["/=", "+="],
        BinOp::BitAndAssign(_) => &["|="],
        BinOp::BitOrAssign(_) => &["&="],
        BinOp::ShlAssign(_) => &[">>="],
        BinOp::ShrAssign(_) => &["<<="],
        _ => &[],
    }
}

fn type_name(of: &Type) -> String {
    match of {
        Type::Path(path) => {
            path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
        }
        Type::Reference(reference) => type_name(&reference.elem),
        _ => "?".to_owned(),
    }
}

fn shortened(code: &str) -> String {
    let flat = code.split_whitespace().collect::<Vec<_>>().join(" ");
    match flat.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &flat[..end]),
        None => flat,
    }
}

/// A value as a reader would write it.
fn plain(value: &str) -> String {
    ["::std::default::", "::std::vec::", "::std::boxed::"]
        .iter()
        .fold(value.to_owned(), |text, path| text.replace(path, ""))
}
