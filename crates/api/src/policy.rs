//! Which calls may run, and which somebody has to allow first.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{ChosenCall, StoredCall, Time};

/// Which calls of a session may run here. The first rule that fits a call decides about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// The rules, the most important first.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub rules: Vec<PolicyRule>,
    /// What holds where no rule fits.
    #[serde(default)]
    pub default: Verdict,
    /// How many seconds a call waits to be allowed; then it is denied. Where unset, ten minutes.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86400)]
    pub approval_seconds: Option<u64>,
}

/// What becomes of the calls that a rule fits. In its texts `*` stands for any characters and `?` for any one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyRule {
    /// The tool's name.
    #[schema(min_length = 1, max_length = 200)]
    pub tool: String,
    /// What the call is about: a shell's command, an editor's path, the computer's action, and for all others the text of
    /// the arguments. Anything where unset.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub pattern: Option<String>,
    /// What becomes of the call.
    pub verdict: Verdict,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It runs.
    #[default]
    Allow,
    /// It runs when somebody has allowed it.
    Ask,
    /// It does not run, and the model is told so.
    Deny,
}

/// A call that somebody has to allow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// Its id.
    pub id: Uuid,
    /// The session.
    pub session_id: Uuid,
    /// The turn.
    pub turn: Uuid,
    /// The id of the call.
    pub tool_call_id: String,
    /// The call.
    #[schema(value_type = ChosenCall)]
    pub call: StoredCall,
    /// What has become of it.
    pub state: ApprovalState,
    /// Why it was denied, where somebody said so.
    pub reason: Option<String>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub created_at: Time,
    /// When it is denied by itself.
    #[schema(format = DateTime)]
    pub expires_at: Time,
}

/// What has become of a call that somebody has to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Nobody has said anything.
    Pending,
    /// It may run.
    Allowed,
    /// It may not.
    Denied,
    /// Nobody has said anything in time.
    Expired,
    /// The turn was stopped before anybody has said anything.
    Cancelled,
}

/// Somebody's word on a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovalForm {
    /// Which approval is meant; or else say which call.
    #[serde(default)]
    pub id: Option<Uuid>,
    /// The id of the call that is meant.
    #[serde(default)]
    pub tool_call_id: Option<String>,
    /// Whether it may run.
    pub allow: bool,
    /// Why it may not, for the model.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}

impl Policy {
    /// What becomes of a call to a tool, which is about something.
    #[must_use]
    pub fn verdict(&self, tool: &str, subject: &str) -> Verdict {
        let fits = |rule: &&PolicyRule| {
            matches(&rule.tool, tool) && rule.pattern.as_ref().is_none_or(|pattern| matches(pattern, subject))
        };
        self.rules.iter().find(fits).map_or(self.default, |rule| rule.verdict)
    }
}

/// Whether a text fits a pattern, all of it. The time that it takes is bounded by the product of their lengths.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how far what it stands for goes.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            Some(_) | None => {
                let Some((at, until)) = star else { return false };
                star = Some((at, until + 1));
                p = at + 1;
                t = until + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::read_value;

    #[test]
    fn a_pattern_fits_a_whole_text() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("git *", "git status", true),
            ("git *", "digit x", false),
            ("*rm*-rf*", "sudo rm x -rf /", true),
            ("*rm*-rf*", "sudo rm x -r /", false),
            ("a?c", "aüc", true),
            ("a?c", "ac", false),
            ("*b*b*", "abab", true),
            ("**", "x\ny", true),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
        assert!(!matches(&format!("{}b", "*a".repeat(500)), &"a".repeat(10_000)), "and it takes no time");
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let policy = json!({"default": "ask", "rules": [
            {"tool": "bash", "pattern": "git push*", "verdict": "deny"},
            {"tool": "ba*", "pattern": "git *", "verdict": "allow"},
            {"tool": "look", "verdict": "allow"},
        ]});
        let policy: Policy = read_value(policy).expect("fits");
        for (tool, subject, verdict) in [
            ("bash", "git push origin", Verdict::Deny),
            ("bash", "git log", Verdict::Allow),
            ("bash", "ls", Verdict::Ask),
            ("look", "anything", Verdict::Allow),
            ("other", "git log", Verdict::Ask),
        ] {
            assert_eq!(policy.verdict(tool, subject), verdict, "{tool} {subject}");
        }
        assert_eq!(Policy::default().verdict("bash", "rm"), Verdict::Allow);
    }

    #[test]
    fn what_is_wrong_with_a_policy_is_told() {
        let wrong = json!({"rules": [{"tool": "", "verdict": "maybe"}], "approval_seconds": 0});
        let invalid = read_value::<Policy>(wrong).expect_err("all of it");
        assert_eq!(invalid.details.len(), 3, "{invalid:?}");
    }
}
