/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.lora4j.error.MessageText;
import org.lora4j.internal.language.DecoderInputs;
import org.lora4j.internal.language.training.TokenRow;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;

/** Counts what a preflight looks for in the rows of a training. */
final class RowFindings {

    /** Below this share of the tokens, little is learned of what is computed. */
    private static final double FEW = 0.05;

    private final CausalLm model;
    private final Set<Integer> stops;
    private final Map<String, Ends> ends = new LinkedHashMap<>();
    private int prompts;
    private int differing;
    private String difference = "";
    private int texts;
    private int textsWithoutEnd;
    private int twice;
    private int rows;
    private long tokens;
    private long learned;
    private int cutLabels;
    private int cutPrompts;

    /** Examples of a kind that should end, and those of which the end is learned. */
    private static final class Ends {
        private int all;
        private int ended;
        private int meant;
        private String last = "";
    }

    RowFindings(CausalLm model) {
        this.model = model;
        this.stops = model.tokenizerIfAny().map(LanguageTokenizer::stopIds).orElse(Set.of());
    }

    /** A completion or a conversation as it is learned. */
    void answer(String kind, TokenRow row, boolean meantToEnd) {
        Ends of = ends.computeIfAbsent(kind, name -> new Ends());
        of.all++;
        of.meant += meantToEnd ? 1 : 0;
        int last = -1;
        boolean ended = false;
        for (int i = 1; i < row.length(); i++) {
            if (row.labels()[i] != DecoderInputs.IGNORED) {
                last = row.ids()[i];
                ended |= stops.contains(last);
            }
        }
        of.ended += ended ? 1 : 0;
        if (!ended && of.last.isEmpty() && last >= 0) {
            int id = last;
            of.last = model.tokenizerIfAny()
                    .map(tokenizer -> MessageText.name(tokenizer.token(id)))
                    .orElse("the id " + id);
        }
    }

    void text(int[] ids) {
        texts++;
        textsWithoutEnd += stops.contains(ids[ids.length - 1]) ? 0 : 1;
    }

    /** An answer of a conversation, and how it will be asked for. */
    void prompt(String asked, String whole, int learnedFrom) {
        prompts++;
        boolean begins = whole.startsWith(asked);
        String between = begins && learnedFrom > asked.length() ? whole.substring(asked.length(), learnedFrom) : "";
        if (begins && between.isBlank()) {
            return;
        }
        differing++;
        if (difference.isEmpty()) {
            int at = 0;
            while (at < Math.min(asked.length(), whole.length()) && asked.charAt(at) == whole.charAt(at)) {
                at++;
            }
            difference = begins
                    ? MessageText.name(between)
                            + " stands between the question and what is learned, and is not asked with"
                    : "it is asked with " + part(asked, at) + ", and learned behind " + part(whole, at);
        }
    }

    private static String part(String text, int at) {
        return MessageText.name(text.substring(at, Math.min(text.length(), at + 40)));
    }

    /** A row as it was before it was cut, and after. */
    void row(TokenRow before, TokenRow row) {
        rows++;
        tokens += row.length();
        learned += row.targets();
        twice += row.ids()[0] == row.ids()[1] && model.isBeginning(row.ids()[0]) ? 1 : 0;
        if (row != before) {
            boolean lost = row.targets() < before.targets();
            cutLabels += lost ? 1 : 0;
            cutPrompts += lost ? 0 : 1;
        }
    }

    Preflight in(Preflight start) {
        Preflight found = start;
        for (Map.Entry<String, Ends> entry : ends.entrySet()) {
            Ends of = entry.getValue();
            String kind = entry.getKey();
            if (of.ended == 0 && of.meant > 0) {
                found = found.with(
                        PreflightRule.END_NOT_LEARNED,
                        "the end is learned in none of " + of.all + " " + kind
                                + "s, so that texts will not end by themselves: "
                                + (stops.isEmpty()
                                        ? "the tokenizer knows no token that ends texts; expected an eos_token in"
                                                + " tokenizer_config.json or an eos_token_id in generation_config.json"
                                        : "the last token that is learned is " + of.last + "; expected one of "
                                                + names() + " among those that are learned"));
            } else {
                found = found.with(
                        of.ended < of.all,
                        PreflightRule.TEXT_WITHOUT_END,
                        "in " + (of.all - of.ended) + " of " + of.all + " " + kind
                                + "s the end is not learned, so that such texts may not end by themselves");
            }
        }
        return found.with(
                        textsWithoutEnd > 0,
                        PreflightRule.TEXT_WITHOUT_END,
                        textsWithoutEnd + " of " + texts
                                + " plain texts are learned without a token that ends them, so that texts go on until they are"
                                + " cut")
                .with(
                        differing > 0,
                        PreflightRule.PROMPT_DIFFERS,
                        "the chat template asks for " + differing + " of " + prompts
                                + " answers in other words than those that stand before what is learned: " + difference
                                + "; expected the generation prompt to be the beginning of what is trained")
                .with(
                        twice > 0,
                        PreflightRule.SPECIAL_TOKEN_TWICE,
                        twice + " of " + rows
                                + " sequences begin with the same special token twice; leave it out of the texts, the tokenizer"
                                + " adds it")
                .with(
                        rows > 0 && (learned < FEW * tokens || learned < 2L * answers()),
                        PreflightRule.FEW_LEARNED_TOKENS,
                        "only " + learned + " of " + tokens + " tokens are learned")
                .with(
                        cutLabels > 0,
                        PreflightRule.CUT,
                        "of " + cutLabels + " examples that were cut, a part of what is learned was lost")
                .with(
                        cutPrompts > 0,
                        PreflightRule.CUT,
                        "of " + cutPrompts + " examples that were cut, a part of the prompt was lost");
    }

    private long answers() {
        return ends.values().stream().mapToLong(of -> of.all).sum();
    }

    private String names() {
        LanguageTokenizer tokenizer = model.tokenizerIfAny().orElseThrow();
        return MessageText.values(stops.stream()
                .sorted()
                .map(id -> MessageText.name(tokenizer.token(id)))
                .toList());
    }
}
