//! What columns of lists are called for people.
//!
//! English takes the column's own name; a column without a Japanese name keeps its own.

use crate::config::Language;

/// The heading of `column` in a language.
pub fn heading(column: &str, language: Language) -> &str {
    match language {
        Language::En => column,
        Language::Ja => japanese(column).unwrap_or(column),
    }
}

fn japanese(column: &str) -> Option<&'static str> {
    let position = JAPANESE.binary_search_by_key(&column, |(name, _)| name);
    position.ok().map(|position| JAPANESE[position].1)
}

/// Sorted by name.
const JAPANESE: [(&str, &str); 102] = [
    ("account_asked", "調査依頼済み人数"),
    ("account_id", "アカウントID"),
    ("account_name", "アカウント"),
    ("account_position", "アカウント内順位"),
    ("alert", "アラート"),
    ("amount", "金額"),
    ("answered_on", "回答日"),
    ("arr", "年間経常収益"),
    ("arr_at_risk", "リスクのある年間収益"),
    ("as_of", "基準日"),
    ("at_risk_since", "リスク開始日"),
    ("before_end", "前期終了日"),
    ("before_start", "前期開始日"),
    ("better_done", "完了後の改善数"),
    ("better_held_out", "対照群の改善数"),
    ("better_task", "対応群の改善数"),
    ("better_when", "望ましい方向"),
    ("change", "変化"),
    ("changed", "変更項目"),
    ("churn_probability", "解約確率"),
    ("contact_id", "担当者ID"),
    ("content_id", "コンテンツ"),
    ("crm_status", "CRMの状態"),
    ("currency", "通貨"),
    ("days_in_stage", "滞在日数"),
    ("deal_id", "商談ID"),
    ("decision", "判断"),
    ("difference", "差"),
    ("difference_high", "差（上限）"),
    ("difference_low", "差（下限）"),
    ("direction", "先行・遅行"),
    ("due_on", "期限"),
    ("ended_on", "終了日"),
    ("entered_on", "開始日"),
    ("evidence_role", "根拠の役割"),
    ("handed_over_on", "引き渡し日"),
    ("happened_on", "発生日"),
    ("high", "上限"),
    ("influence", "影響力"),
    ("is_better", "改善"),
    ("is_handed_over", "引き渡し済み"),
    ("is_too_few", "件数不足"),
    ("is_true", "理由が継続"),
    ("journey", "ジャーニー"),
    ("kind", "種別"),
    ("last_asked_on", "前回依頼日"),
    ("last_true_on", "理由の最終確認日"),
    ("list_rank", "リスト順位"),
    ("listed_since", "掲載開始日"),
    ("low", "下限"),
    ("measure", "指標"),
    ("metric", "指標"),
    ("n", "件数"),
    ("n_before", "前期の件数"),
    ("n_done", "完了した件数"),
    ("n_held_out", "対照群の件数"),
    ("n_task", "対応群の件数"),
    ("next_step", "次の一手"),
    ("opened_on", "発行日"),
    ("outcome", "結果"),
    ("owner_id", "当社担当者"),
    ("owner_position", "担当者内順位"),
    ("peer_share", "同業の利用率"),
    ("peer_share_high", "同業の利用率（上限）"),
    ("peer_share_low", "同業の利用率（下限）"),
    ("peers", "同業数"),
    ("peers_with", "うち利用中"),
    ("period_end", "期間終了日"),
    ("period_start", "期間開始日"),
    ("product_id", "製品ID"),
    ("product_name", "製品"),
    ("rank", "順位"),
    ("rate_done", "完了後の割合"),
    ("rate_held_out", "対照群の割合"),
    ("rate_held_out_high", "対照群の割合（上限）"),
    ("rate_held_out_low", "対照群の割合（下限）"),
    ("rate_task", "対応群の割合"),
    ("rate_task_high", "対応群の割合（上限）"),
    ("rate_task_low", "対応群の割合（下限）"),
    ("reason", "理由の種類"),
    ("renews_on", "更新日"),
    ("reopened_on", "再開日"),
    ("returns", "再訪回数"),
    ("role", "役割"),
    ("score", "スコア"),
    ("seats", "席数"),
    ("segment", "セグメント"),
    ("send_until", "送付期限"),
    ("snoozed_until", "保留期限"),
    ("stage", "段階"),
    ("status", "状態"),
    ("subject", "対象"),
    ("task_key", "タスクキー"),
    ("task_type", "タスク種別"),
    ("tier", "リスク区分"),
    ("unit", "単位"),
    ("urgency", "緊急度"),
    ("users", "利用者数"),
    ("usual_days_p90", "通常の日数（9割）"),
    ("value", "値"),
    ("value_before", "前期の値"),
    ("why", "理由"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_found() {
        assert!(JAPANESE.is_sorted_by(|left, right| left.0 < right.0));
        assert_eq!(heading("why", Language::Ja), "理由");
        assert_eq!(heading("why", Language::En), "why");
        assert_eq!(heading("unheard_of", Language::Ja), "unheard_of");
    }

    #[test]
    fn every_column_that_people_read_has_a_japanese_name() {
        for list in super::super::LISTS {
            for column in list.columns {
                assert!(japanese(column).is_some(), "{column} of {}", list.name);
            }
        }
    }
}
