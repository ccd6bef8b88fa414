//! The language of business rules: small, without side effects, and told where it is wrong.
//!
//! ```text
//! rule       = [ "when" condition "then" ] condition
//! condition  = and { "or" and }            and = not { "and" not }          not = [ "not" ] test
//! test       = "(" condition ")" | sum ( "is" ( "missing" | "set" ) | [ "not" ] "in" "(" literal { "," literal } ")"
//!              | ( "<=" | ">=" | "<" | ">" | "==" | "!=" ) sum | "~" sum [ "within" number [ "%" ] ] )
//! sum        = product { ( "+" | "-" ) product }      product = value { ( "*" | "/" ) value }
//! value      = number | 'text' | true | false | field | `own column` | "-" value | "(" sum ")"
//! ```
//!
//! A field is a canonical field; a column of one's own stands in backticks. Dates count in days, truth values as 1 and
//! 0, texts are compared without regard to case and punctuation. A row in which a needed value is missing is not
//! judged.

use super::field;
use crate::error::{Error, ErrorKind, Result};
use std::collections::BTreeSet;

/// Deepest nesting; more is a mistake or an attack.
const MAX_DEPTH: usize = 32;
/// Relative difference that `~` allows where the rule does not say.
const DEFAULT_TOLERANCE: f64 = 0.05;

/// A value of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A canonical field, or a column under its own name.
    Column(String),
    /// Two values and `+`, `-`, `*` or `/`.
    Compute(char, Box<Term>, Box<Term>),
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Comparison {
    /// `<=`
    AtMost,
    /// `>=`
    AtLeast,
    /// `<`
    Less,
    /// `>`
    More,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `~`: differ by at most this share of the larger.
    About(f64),
}

/// A condition of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// Any of these.
    Any(Vec<Condition>),
    /// All of these.
    All(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// A comparison.
    Compare(Comparison, Term, Term),
    /// Whether the value is one of these.
    In(Term, Vec<Term>),
    /// Whether a value is missing.
    Missing(Term),
}

/// A rule: where `when` holds, `then` must.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// Rows that are judged; all where not given.
    pub when: Option<Condition>,
    /// What must hold.
    pub then: Condition,
}

impl Expression {
    /// Parses a rule.
    ///
    /// # Errors
    /// `invalid_argument` with the position (counted from 1) in `offset`.
    ///
    /// ```
    /// use churn_core::schema::Expression;
    /// let rule = Expression::parse("total_charges ~ tenure_months * monthly_charges within 10%")?;
    /// assert_eq!(rule.columns(), ["monthly_charges", "tenure_months", "total_charges"]);
    /// let error = Expression::parse("seats_used <= seats_bought").unwrap_err();
    /// assert!(error.message().contains("seats_bought") && error.message().contains("position 15"));
    /// # Ok::<(), churn_core::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Expression> {
        let tokens = tokens(text)?;
        let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, end: text.chars().count() + 1 };
        let when = if parser.word("when") {
            let condition = parser.condition()?;
            parser.expect_word("then")?;
            Some(condition)
        } else {
            None
        };
        let then = parser.condition()?;
        match parser.peek() {
            None => Ok(Expression { when, then }),
            Some(token) => Err(bad(format!("'{}' stands where the rule should end", token.show()), token.at)),
        }
    }

    /// The columns it names, sorted.
    pub fn columns(&self) -> Vec<&str> {
        let mut names = BTreeSet::new();
        if let Some(when) = &self.when {
            when.columns(&mut names);
        }
        self.then.columns(&mut names);
        names.into_iter().collect()
    }
}

impl Condition {
    fn columns<'a>(&'a self, names: &mut BTreeSet<&'a str>) {
        match self {
            Condition::Any(parts) | Condition::All(parts) => parts.iter().for_each(|p| p.columns(names)),
            Condition::Not(part) => part.columns(names),
            Condition::Compare(_, a, b) => {
                a.columns(names);
                b.columns(names);
            }
            Condition::In(a, list) => {
                a.columns(names);
                list.iter().for_each(|t| t.columns(names));
            }
            Condition::Missing(a) => a.columns(names),
        }
    }
}

impl Term {
    fn columns<'a>(&'a self, names: &mut BTreeSet<&'a str>) {
        match self {
            Term::Column(name) => {
                names.insert(name);
            }
            Term::Compute(_, a, b) => {
                a.columns(names);
                b.columns(names);
            }
            Term::Number(_) | Term::Text(_) => {}
        }
    }
}

fn bad(what: String, at: usize) -> Error {
    Error::new(ErrorKind::InvalidArgument, format!("the rule cannot be read: {what} (position {at})"))
        .with("argument", "profile")
        .with("offset", at)
        .hint("write it like: seats_used <= seats_purchased, or: when internet_service == 'No' then tech_support == 'No internet service'")
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Number(f64),
    Text(String),
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

#[derive(Debug, Clone)]
struct Token {
    kind: Kind,
    at: usize,
}

impl Token {
    fn show(&self) -> String {
        match &self.kind {
            Kind::Number(x) => x.to_string(),
            Kind::Text(t) | Kind::Word(t) | Kind::Quoted(t) => t.clone(),
            Kind::Sign(s) => (*s).to_owned(),
        }
    }
}

const SIGNS: [&str; 16] = ["<=", ">=", "==", "!=", "<", ">", "=", "~", "+", "-", "*", "/", "(", ")", ",", "%"];

fn tokens(text: &str) -> Result<Vec<Token>> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let (c, at) = (chars[i], i + 1);
        if c.is_whitespace() {
            i += 1;
        } else if c == '\'' || c == '"' || c == '`' {
            let end = chars[i + 1..].iter().position(|&e| e == c);
            let end = end.ok_or_else(|| bad(format!("the {c} is not closed"), at))? + i + 1;
            let inner: String = chars[i + 1..end].iter().collect();
            tokens.push(Token { kind: if c == '`' { Kind::Quoted(inner) } else { Kind::Text(inner) }, at });
            i = end + 1;
        } else if c.is_ascii_digit() || (c == '.' && chars.get(i + 1).is_some_and(char::is_ascii_digit)) {
            let end = (i..chars.len()).find(|&e| !chars[e].is_ascii_digit() && chars[e] != '.').unwrap_or(chars.len());
            let number: String = chars[i..end].iter().collect();
            let number = number.parse().map_err(|_| bad(format!("'{number}' is no number"), at))?;
            tokens.push(Token { kind: Kind::Number(number), at });
            i = end;
        } else if c.is_alphabetic() || c == '_' {
            let end = (i..chars.len()).find(|&e| !chars[e].is_alphanumeric() && chars[e] != '_').unwrap_or(chars.len());
            tokens.push(Token { kind: Kind::Word(chars[i..end].iter().collect()), at });
            i = end;
        } else {
            let here = |s: &&&str| s.chars().enumerate().all(|(k, e)| chars.get(i + k) == Some(&e));
            let sign = SIGNS.iter().find(here).ok_or_else(|| bad(format!("'{c}' means nothing here"), at))?;
            tokens.push(Token { kind: Kind::Sign(if *sign == "=" { "==" } else { sign }), at });
            i += sign.len();
        }
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    end: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn place(&self) -> usize {
        self.peek().map_or(self.end, |t| t.at)
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|t| t.kind == Kind::Word(word.to_owned()));
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = self.peek().is_some_and(|t| matches!(t.kind, Kind::Sign(s) if s == sign));
        self.at += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<()> {
        let place = self.place();
        if self.word(word) { Ok(()) } else { Err(bad(format!("'{word}' is missing"), place)) }
    }

    fn expect_sign(&mut self, sign: &str) -> Result<()> {
        let place = self.place();
        if self.sign(sign) { Ok(()) } else { Err(bad(format!("'{sign}' is missing"), place)) }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(bad("it is nested too deep".to_owned(), self.place()));
        }
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn condition(&mut self) -> Result<Condition> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
    }

    fn all(&mut self) -> Result<Condition> {
        let mut parts = vec![self.not()?];
        while self.word("and") {
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
    }

    fn not(&mut self) -> Result<Condition> {
        if self.word("not") {
            return self.deeper(|p| Ok(Condition::Not(Box::new(p.not()?))));
        }
        // A parenthesis opens a condition or a value: the shorter reading that works is taken.
        let start = self.at;
        if self.sign("(") {
            let inner = self.deeper(Self::condition);
            if let Ok(inner) = inner
                && self.sign(")")
                && !matches!(
                    self.peek().map(|t| &t.kind),
                    Some(Kind::Sign("+" | "-" | "*" | "/" | "<=" | ">=" | "<" | ">" | "==" | "!=" | "~"))
                )
            {
                return Ok(inner);
            }
            self.at = start;
        }
        self.test()
    }

    fn test(&mut self) -> Result<Condition> {
        let left = self.sum()?;
        if self.word("is") {
            let place = self.place();
            return if self.word("missing") {
                Ok(Condition::Missing(left))
            } else if self.word("set") {
                Ok(Condition::Not(Box::new(Condition::Missing(left))))
            } else {
                Err(bad("after 'is' stands 'missing' or 'set'".to_owned(), place))
            };
        }
        let negated = self.word("not");
        if self.word("in") {
            self.expect_sign("(")?;
            let mut list = vec![self.value()?];
            while self.sign(",") {
                list.push(self.value()?);
            }
            self.expect_sign(")")?;
            let inside = Condition::In(left, list);
            return Ok(if negated { Condition::Not(Box::new(inside)) } else { inside });
        }
        let place = self.place();
        let comparisons = [
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("<", Comparison::Less),
            (">", Comparison::More),
            ("==", Comparison::Equal),
            ("!=", Comparison::Unequal),
            ("~", Comparison::About(DEFAULT_TOLERANCE)),
        ];
        for (sign, comparison) in comparisons {
            if !self.sign(sign) {
                continue;
            }
            let right = self.sum()?;
            let comparison = match comparison {
                Comparison::About(_) => Comparison::About(self.tolerance()?),
                other => other,
            };
            return Ok(Condition::Compare(comparison, left, right));
        }
        Err(bad("a comparison (<=, >=, <, >, ==, !=, ~, in, is) is missing".to_owned(), place))
    }

    fn tolerance(&mut self) -> Result<f64> {
        if !self.word("within") {
            return Ok(DEFAULT_TOLERANCE);
        }
        let place = self.place();
        let Some(Token { kind: Kind::Number(x), .. }) = self.peek() else {
            return Err(bad("after 'within' stands a number".to_owned(), place));
        };
        self.at += 1;
        Ok(if self.sign("%") { x / 100.0 } else { *x })
    }

    fn sum(&mut self) -> Result<Term> {
        let mut left = self.product()?;
        loop {
            let op = if self.sign("+") {
                '+'
            } else if self.sign("-") {
                '-'
            } else {
                return Ok(left);
            };
            left = Term::Compute(op, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Term> {
        let mut left = self.value()?;
        loop {
            let op = if self.sign("*") {
                '*'
            } else if self.sign("/") {
                '/'
            } else {
                return Ok(left);
            };
            left = Term::Compute(op, Box::new(left), Box::new(self.value()?));
        }
    }

    fn value(&mut self) -> Result<Term> {
        if self.sign("-") {
            let inner = self.deeper(Self::value)?;
            return Ok(Term::Compute('-', Box::new(Term::Number(0.0)), Box::new(inner)));
        }
        if self.sign("(") {
            let inner = self.deeper(Self::sum)?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        let Some(token) = self.peek() else { return Err(bad("a value is missing".to_owned(), self.end)) };
        self.at += 1;
        Ok(match &token.kind {
            Kind::Number(x) => Term::Number(*x),
            Kind::Text(text) => Term::Text(text.clone()),
            Kind::Quoted(name) => Term::Column(name.clone()),
            Kind::Word(word) if word == "true" => Term::Number(1.0),
            Kind::Word(word) if word == "false" => Term::Number(0.0),
            Kind::Word(word) if field(word).is_some() => Term::Column(word.clone()),
            Kind::Word(word) => {
                let what = format!("'{word}' is no canonical field; a column of your own stands in `backticks`");
                return Err(bad(what, token.at));
            }
            Kind::Sign(sign) => return Err(bad(format!("'{sign}' stands where a value should"), token.at)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_said() {
        for text in [
            "seats_used <= seats_purchased",
            "total_charges ~ tenure_months * monthly_charges within 10%",
            "when internet_service == 'No' then online_security == 'No internet service'",
            "signup_date <= snapshot_date",
            "(seats_used + 1) * 2 >= -`own column` / 3",
            "not (plan in ('Free', 'Trial') or monthly_charges > 0) and email is set",
            "when churn_date is missing then auto_renew != false",
            "tenure_months not in (1, 2)",
            "((((tenure_months)))) = 3",
        ] {
            Expression::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        }
    }

    #[test]
    fn what_is_wrong_is_placed() {
        let deep = format!("{}tenure_months{} > 1", "(".repeat(40), ")".repeat(40));
        for (text, at) in [
            ("seats_used <= ", 15),
            ("seats_used << 3", 13),
            ("seats_used", 11),
            ("tenure_months > 1 2", 19),
            ("when tenure_months > 1", 23),
            ("tenure_months ? 1", 15),
            ("plan == 'Free", 9),
            ("plan is blue", 9),
            ("nonsense > 1", 1),
            ("tenure_months ~ 3 within x", 26),
            ("tenure_months > 1.2.3", 17),
            ("", 1),
        ] {
            let error = Expression::parse(text).expect_err(text);
            assert!(error.context().contains(&("offset", at.to_string())), "{text}: {error:?}");
        }
        assert!(Expression::parse(&deep).is_err());
    }
}
