//! Words for what tables say in codes: roles, stages, tiers, metrics, states.
//!
//! Each is said once, here, for sentences of lists and for cells that people read. English
//! takes the code where nothing else stands here; a code of the pipeline's own that
//! `lists.words` does not name stays as it is. Sentences reach SQL in the pipeline's language
//! and in both, with the words that their places may need.

use std::sync::Arc;

use arrow::array::{ListBuilder, StringArray, StringBuilder};

use super::lists::ListWord;
use super::pipeline::{Language, Localised, Pipeline};
use super::tables::ColumnOf;

/// The kind of word that the values of a column are, or of a place in a sentence; nothing
/// where they are no codes.
pub fn kind_of(column: &str) -> Option<&'static str> {
    let kind = match column {
        "role" | "evidence_role" | "buying_role" => "role",
        "from" | "to" | "tier" | "tier_previous" => "tier",
        "alert" => "alert",
        "change" => "change",
        "decision" => "decision",
        "direction" => "direction",
        "kind" => "kind",
        "measure" => "measure",
        "metric" => "metric",
        "outcome" => "outcome",
        "reason" => "reason",
        "stage" => "stage",
        "status" => "status",
        "task_type" => "task_type",
        "unit" => "unit",
        _ => return None,
    };
    Some(kind)
}

/// The word for a code, where there is one.
pub fn word(kind: &str, code: &str, language: Language) -> Option<&'static str> {
    let known = WORDS
        .iter()
        .find(|known| known.0 == kind && known.1 == code)?;
    match language {
        Language::En => english(code),
        Language::Ja => Some(known.2),
    }
}

/// Every code of a kind with its word, where it has one in this language.
fn words_of(kind: &str, language: Language) -> impl Iterator<Item = (&str, &str)> {
    WORDS
        .iter()
        .filter(move |known| known.0 == kind)
        .filter_map(move |known| Some((known.1, word(known.0, known.1, language)?)))
}

/// Columns of a sentence: `name` in the pipeline's language, `name_en` and `name_ja`.
pub(super) fn sentences<'a>(
    names: [&'static str; 3],
    sentences: &(impl Iterator<Item = Option<&'a Localised>> + Clone),
    pipeline: &Pipeline,
) -> [ColumnOf; 3] {
    let languages = [pipeline.language, Language::En, Language::Ja];
    let column = |(name, language)| {
        let texts = sentences
            .clone()
            .map(|one| one.map(|text| text.text(language)));
        let array: ColumnOf = (name, Arc::new(texts.collect::<StringArray>()));
        array
    };
    let [said, english, japanese] = languages;
    let [name, name_en, name_ja] = names;
    [(name, said), (name_en, english), (name_ja, japanese)].map(column)
}

/// Columns with the words that the places of each row's sentences may need, as
/// `phrased` takes them: in the pipeline's language, in English, in Japanese.
pub(super) fn dictionaries(
    names: [&'static str; 3],
    rows: &[Vec<&Localised>],
    pipeline: &Pipeline,
) -> [ColumnOf; 3] {
    let own = &pipeline.lists.words;
    let [name, name_en, name_ja] = names;
    [
        (name, pipeline.language),
        (name_en, Language::En),
        (name_ja, Language::Ja),
    ]
    .map(|(name, language)| {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in rows {
            for text in dictionary(row, own, language) {
                lists.values().append_value(text);
            }
            lists.append(true);
        }
        let array: ColumnOf = (name, Arc::new(lists.finish()));
        array
    })
}

/// `place:code` and the word for it, in turn.
fn dictionary(sentences: &[&Localised], own: &[ListWord], language: Language) -> Vec<String> {
    let mut places: Vec<&str> = sentences
        .iter()
        .flat_map(|sentence| sentence.text(language).split('{').skip(1))
        .filter_map(|rest| rest.split_once('}'))
        .map(|(place, _)| place)
        .collect();
    places.sort_unstable();
    places.dedup();
    let mut listed = Vec::new();
    for place in places {
        let Some(kind) = kind_of(place) else { continue };
        let own = own.iter().filter(|one| one.kind == kind);
        let own = own.map(|one| (one.code.as_str(), one.name.text(language)));
        for (code, text) in own.chain(words_of(kind, language)) {
            listed.extend([format!("{place}:{code}"), text.to_owned()]);
        }
    }
    listed
}

/// What is not written in English as its code is.
fn english(code: &str) -> Option<&'static str> {
    match code {
        "nps" => Some("NPS"),
        "csat" => Some("CSAT"),
        "ces" => Some("CES"),
        _ => None,
    }
}

/// Kind, code, Japanese.
const WORDS: [(&str, &str, &str); 88] = [
    ("alert", "champion_left", "推進者の退任"),
    ("alert", "negative_answer", "低評価の回答"),
    ("alert", "tier_drop", "健全性の低下"),
    ("cause", "cap", "上限"),
    ("cause", "coverage", "計測の有無"),
    ("cause", "input", "値の変化"),
    ("cause", "override", "手動補正"),
    ("cause", "profile", "重み・基準"),
    ("change", "added", "追加"),
    ("change", "changed", "変更"),
    ("change", "removed", "削除"),
    ("decision", "proposed", "提案（判断待ち）"),
    ("direction", "higher", "増"),
    ("direction", "lagging", "遅行"),
    ("direction", "leading", "先行"),
    ("direction", "lower", "減"),
    ("kind", "relationship", "関係調査"),
    ("kind", "transactional", "取引調査"),
    ("measure", "art", "平均解決時間"),
    ("measure", "ces", "CES"),
    ("measure", "churn_rate", "解約率"),
    ("measure", "clv", "顧客生涯価値"),
    ("measure", "csat", "CSAT"),
    ("measure", "health", "健全性スコア"),
    ("measure", "nps", "NPS"),
    ("measure", "nrr", "売上維持率（NRR）"),
    ("metric", "ces", "CES"),
    ("metric", "csat", "CSAT"),
    ("metric", "nps", "NPS"),
    ("outcome", "answer", "次の回答"),
    ("outcome", "renewal", "更新"),
    ("outcome", "use", "利用"),
    ("reason", "moved", "前進の実績"),
    ("reason", "seats", "席数不足"),
    ("reason", "seen", "閲覧の多さ"),
    ("reason", "whitespace", "未導入製品"),
    ("role", "all", "全役割"),
    ("role", "champion", "推進者"),
    ("role", "decider", "意思決定者"),
    ("role", "influencer", "影響者"),
    ("role", "purchasing", "購買担当"),
    ("role", "unknown", "不明"),
    ("role", "user", "利用者"),
    ("stage", "advocacy", "推奨"),
    ("stage", "awareness", "認知"),
    ("stage", "consideration", "検討"),
    ("stage", "contract", "契約"),
    ("stage", "conversion", "成約"),
    ("stage", "deal", "商談"),
    ("stage", "loyalty", "継続"),
    ("stage", "onboarding", "導入支援"),
    ("stage", "outside", "対象外"),
    ("stage", "renewal", "更新"),
    ("stage", "support", "サポート"),
    ("stage", "use", "利用"),
    ("state", "missing", "未計測"),
    ("state", "not_applicable", "対象外"),
    ("state", "stale", "古い"),
    ("state", "value", "値あり"),
    ("state", "zero", "ゼロ"),
    ("status", "cleared", "解消"),
    ("status", "done", "完了"),
    ("status", "gone", "消滅"),
    ("status", "held_out", "対照群"),
    ("status", "listed", "対応対象"),
    ("status", "open", "未完了"),
    ("status", "proposed", "提案"),
    ("status", "snoozed", "保留中"),
    ("status", "waiting", "順番待ち"),
    ("task_type", "advocate", "推奨依頼"),
    ("task_type", "alert", "アラート"),
    ("task_type", "all", "全種別"),
    ("task_type", "expansion", "拡大提案"),
    ("task_type", "next_best_action", "次の提案"),
    ("task_type", "nurture", "育成"),
    ("task_type", "risk", "解約リスク"),
    ("tier", "amber", "黄"),
    ("tier", "green", "緑"),
    ("tier", "high", "高"),
    ("tier", "insufficient", "情報不足"),
    ("tier", "low", "低"),
    ("tier", "medium", "中"),
    ("tier", "red", "赤"),
    ("unit", "minutes", "分"),
    ("unit", "money", "金額"),
    ("unit", "points", "ポイント"),
    ("unit", "score", "スコア"),
    ("unit", "share", "割合"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_said_once_and_kinds_are_used() {
        assert!(WORDS.is_sorted_by(|left, right| (left.0, left.1) < (right.0, right.1)));
        let of_cells = [
            "alert",
            "change",
            "decision",
            "direction",
            "kind",
            "measure",
            "metric",
            "outcome",
            "reason",
            "role",
            "stage",
            "status",
            "task_type",
            "tier",
            "unit",
        ];
        for kind in of_cells {
            assert_eq!(kind_of(kind), Some(kind));
        }
    }

    #[test]
    fn sentences_come_with_the_words_of_their_places() {
        let sentence = Localised {
            en: "{role} {who} answered {metric}".to_owned(),
            ja: "{role}の{who}".to_owned(),
        };
        let own = [ListWord {
            kind: "role".to_owned(),
            code: "user".to_owned(),
            name: Localised {
                en: "member".to_owned(),
                ja: "会員".to_owned(),
            },
        }];
        let english = dictionary(&[&sentence], &own, Language::En);
        assert_eq!(english[..2], ["metric:ces", "CES"]);
        assert_eq!(english[english.len() - 2..], ["role:user", "member"]);
        // the pipeline's own word is found first
        let japanese = dictionary(&[&sentence], &own, Language::Ja);
        assert_eq!(japanese[..2], ["role:user", "会員"]);
        assert!(japanese.iter().all(|text| !text.starts_with("metric")));
    }

    #[test]
    fn what_is_not_known_stays_as_it_is() {
        assert_eq!(word("role", "decider", Language::Ja), Some("意思決定者"));
        assert_eq!(word("role", "decider", Language::En), None);
        assert_eq!(word("metric", "nps", Language::En), Some("NPS"));
        assert_eq!(word("stage", "trial", Language::Ja), None);
        assert_eq!(words_of("metric", Language::En).count(), 3);
    }
}
