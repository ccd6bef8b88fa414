//! Notifications as messages: e-mail, Slack, webhook. Sending is the host's.

use super::state::{Notification, NotificationKind, instant};
use crate::error::{Error, ErrorKind, Result};
use crate::schema;
use serde_json::{Map, Value, json};

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// `{to, subject, text, html}`.
    Email,
    /// Slack's `{text, blocks}`.
    Slack,
    /// The notification with a version and the allowed details.
    Webhook,
}

impl Channel {
    /// The channel of this name: `email`, `slack` or `webhook`.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn parse(name: &str) -> Result<Channel> {
        match name {
            "email" => Ok(Channel::Email),
            "slack" => Ok(Channel::Slack),
            "webhook" => Ok(Channel::Webhook),
            _ => Err(Error::new(ErrorKind::InvalidArgument, format!("there is no channel '{name}'"))
                .with("argument", "channel")
                .hint("use email, slack or webhook")),
        }
    }
}

/// How messages are written.
#[derive(Debug, Clone, Default)]
pub struct PayloadOptions {
    /// What the host knows of the customer, by canonical field or by a name of its own.
    pub details: Map<String, Value>,
    /// Names of details that may be told although they are personal, or no canonical field: opt-in, one by one.
    pub include: Vec<String>,
    /// Template of the subject; `{name}` stands for `title`, `severity`, `customer_id`, `reason`, `action`, `rule`,
    /// `recipient`, `raised_at`, `alert_id`, or an allowed detail; `{{` and `}}` for braces.
    pub subject: Option<String>,
    /// Template of the text.
    pub body: Option<String>,
    /// Link to the customer, as a template.
    pub link: Option<String>,
}

const SUBJECT: &str = "[{severity}] {title}: {customer_id}";
const BODY: &str = "{title}: customer {customer_id}\nWhy: {reason}\nWhat to do: {action}";
const DIGEST_SUBJECT: &str = "{title}";
const DIGEST_BODY: &str = "{title}";

/// Details that may be told: canonical fields that are not personal, and what the caller includes.
fn allowed(options: &PayloadOptions) -> Map<String, Value> {
    let may = |name: &str| {
        options.include.iter().any(|n| n == name) || schema::field(name).is_some_and(|f| !f.pii && !f.leak)
    };
    options.details.iter().filter(|(name, _)| may(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "unknown".into(),
        other => other.to_string(),
    }
}

/// A template with its names filled in.
///
/// # Errors
/// `invalid_argument` for a name that there is not or that may not be told, and for an open brace.
fn fill(template: &str, n: &Notification, details: &Map<String, Value>) -> Result<String> {
    let bad = |what: String| {
        Error::new(ErrorKind::InvalidArgument, what)
            .with("argument", "template")
            .hint("use title, severity, customer_id, reason, action, rule, recipient, raised_at, alert_id, or a detail that is not personal or is listed in `include`")
    };
    let (mut text, mut rest) = (String::new(), template);
    while let Some(at) = rest.find(['{', '}']) {
        text += &rest[..at];
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            text += brace;
            rest = after;
            continue;
        }
        let end = rest.find('}').filter(|_| brace == "{");
        let Some(end) = end else { return Err(bad("a template has a brace without its partner".into())) };
        let name = rest[..end].trim();
        let raised_at = instant(n.raised_at);
        let detail = details.get(name).map(value_text);
        text += match name {
            "title" => &n.title,
            "severity" => n.severity.name(),
            "customer_id" => &n.customer_id,
            "reason" => &n.reason,
            "action" => &n.action,
            "rule" => &n.rule,
            "recipient" => &n.recipient,
            "alert_id" => &n.alert_id,
            "raised_at" => &raised_at,
            other => detail.as_deref().ok_or_else(|| bad(format!("the template may not use '{other}'")))?,
        };
        rest = &rest[end + 1..];
    }
    Ok(text + rest)
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Slack's three characters.
fn slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A notification as a message. Nothing personal is in it but what `include` lists.
///
/// # Errors
/// `invalid_argument` for a template that uses a name it may not.
pub fn payload(notification: &Notification, channel: Channel, options: &PayloadOptions) -> Result<Value> {
    let n = notification;
    let details = allowed(options);
    let digest = n.kind == NotificationKind::Digest;
    let template = |own: &Option<String>, one: &'static str, many: &'static str| match own {
        Some(own) if !digest => own.clone(),
        _ => (if digest { many } else { one }).to_owned(),
    };
    // A header must stay one line.
    let subject = fill(&template(&options.subject, SUBJECT, DIGEST_SUBJECT), n, &details)?.replace(['\r', '\n'], " ");
    let mut body = fill(&template(&options.body, BODY, DIGEST_BODY), n, &details)?;
    for item in &n.items {
        body +=
            &format!("\n- [{}] {}: customer {} ({})", item.severity.name(), item.title, item.customer_id, item.reason);
    }
    let link = options.link.as_deref().filter(|_| !digest).map(|t| fill(t, n, &details)).transpose()?;
    Ok(match channel {
        Channel::Email => {
            let paragraphs: String = body.lines().map(|l| format!("<p>{}</p>", html(l))).collect();
            let anchor = link.as_deref().map_or(String::new(), |l| format!("<p><a href=\"{}\">Open</a></p>", html(l)));
            let text = link.as_deref().map_or_else(|| body.clone(), |l| format!("{body}\n{l}"));
            json!({ "id": n.id, "to": n.recipient, "subject": subject, "text": text, "html": format!("{paragraphs}{anchor}") })
        }
        Channel::Slack => {
            let mut blocks = vec![
                json!({ "type": "header", "text": { "type": "plain_text", "text": subject.chars().take(150).collect::<String>() } }),
                json!({ "type": "section", "text": { "type": "mrkdwn", "text": slack(&body).chars().take(3000).collect::<String>() } }),
            ];
            if let Some(link) = link {
                blocks.push(json!({ "type": "actions", "elements": [{ "type": "button", "text": { "type": "plain_text", "text": "Open" }, "url": link }] }));
            }
            json!({ "id": n.id, "to": n.recipient, "text": slack(&subject), "blocks": blocks })
        }
        Channel::Webhook => {
            let notification =
                serde_json::to_value(n).map_err(|e| Error::internal("a notification without JSON").caused_by(e))?;
            json!({ "version": 1, "id": n.id, "notification": notification, "details": details, "link": link })
        }
    })
}
