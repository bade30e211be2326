/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.error.MessageText;
import org.lora4j.internal.text.EncodedText;
import org.lora4j.pretrained.TokenizedText;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;

/** What a preflight looks for in texts and labels. */
final class TextPreflight {

    private TextPreflight() {}

    /** What is found in tokens, of whatever task. */
    static Preflight ofTokens(Preflight start, List<TokenizedText> tokens, int longest) {
        long cut = tokens.stream().filter(TokenizedText::cut).count();
        long twice = tokens.stream().filter(text -> beginsTwice(text, tokens)).count();
        return start.with(
                        cut > 0,
                        PreflightRule.CUT,
                        cut + " of " + tokens.size() + " texts are longer than " + longest
                                + " tokens and were cut; encoder.withMaxLength(...) takes more of them")
                .with(
                        twice > 0,
                        PreflightRule.SPECIAL_TOKEN_TWICE,
                        twice + " of " + tokens.size()
                                + " texts begin with the same special token twice; leave it out of the texts, the tokenizer adds"
                                + " it");
    }

    /** The token that stands before all texts is special; texts of one word twice do not begin all of them. */
    private static boolean beginsTwice(TokenizedText text, List<TokenizedText> all) {
        int[] ids = text.ids();
        return ids.length > 1
                && ids[0] == ids[1]
                && (text.wordIds()[0] < 0
                        || all.size() > 1 && all.stream().allMatch(other -> other.ids()[0] == ids[0]));
    }

    /** Of examples with a result for each token, those of which no token has one. */
    static List<Integer> withoutTarget(Targets<?, ?, ?> targets, List<EncodedText> encoded) {
        if (targets.head() != TaskExporter.Head.TAGS) {
            return List.of();
        }
        return IntStream.range(0, encoded.size())
                .filter(i -> isZero(encoded.get(i).target()))
                .boxed()
                .toList();
    }

    private static boolean isZero(float[] target) {
        for (float value : target) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    static Preflight withoutTarget(
            Preflight start, Targets<?, ?, ?> targets, CheckedExamples<?> examples, List<EncodedText> encoded) {
        List<Integer> without = withoutTarget(targets, encoded).stream()
                .map(i -> examples.rows().get(i))
                .toList();
        return start.with(
                !without.isEmpty(),
                PreflightRule.NOTHING_LEARNED,
                examples.name() + "[" + MessageText.numbers(without) + "]: nothing is learned of "
                        + (without.size() == 1 ? "this example" : "these " + without.size() + " examples")
                        + ", as no token of " + (without.size() == 1 ? "it" : "them") + " has a "
                        + targets.what() + "; expected words that the tokenizer knows, and that are not cut");
    }

    /** How many labels of words are behind the end of what the model sees. */
    static <E> Preflight cutLabels(
            Preflight start, Targets<?, E, ?> targets, List<Integer> words, List<EncodedText> encoded) {
        if (targets.head() != TaskExporter.Head.TAGS) {
            return start;
        }
        int names = targets.names().size();
        long cut = 0;
        long all = 0;
        for (int i = 0; i < encoded.size(); i++) {
            float[] target = encoded.get(i).target();
            long seen = 0;
            for (int token = 0; token < target.length / names; token++) {
                seen += isZero(Arrays.copyOfRange(target, token * names, (token + 1) * names)) ? 0 : 1;
            }
            all += words.get(i);
            cut += encoded.get(i).tokens().cut() ? words.get(i) - seen : 0;
        }
        return start.with(
                cut > 0,
                PreflightRule.CUT,
                cut + " of " + all + " " + targets.what()
                        + "s were cut with their texts, so that they are not learned");
    }
}
