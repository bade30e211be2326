/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.lora4j.error.Arguments;

/**
 * How well a model foretells texts.
 *
 * @param tokens number of tokens that were foretold: those that a training would learn
 * @param loss their mean cross-entropy in nats, {@code -log p} of each given those before it
 * @param kinds the same for each kind of text, by {@link LmExample#kind}; empty if there is only one
 * @apiNote Status: stable
 */
public record LmEvaluation(long tokens, double loss, Map<String, LmEvaluation> kinds) {

    /**
     * Copies the map.
     *
     * @param tokens as in the record
     * @param loss as in the record
     * @param kinds as in the record
     */
    public LmEvaluation {
        Arguments.required(kinds, "LmEvaluation: kinds", "evaluations by kind");
        kinds = Collections.unmodifiableMap(new LinkedHashMap<>(kinds));
    }

    /**
     * Among how many equally likely tokens the model would be as unsure.
     *
     * @return {@code exp(loss)}, 1 or more
     */
    public double perplexity() {
        return Math.exp(loss);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT, "LmEvaluation[%d tokens, loss %.4f, perplexity %.3f", tokens, loss, perplexity()));
        kinds.forEach(
                (kind, of) -> text.append(String.format(Locale.ROOT, "; %s %.4f of %d", kind, of.loss(), of.tokens())));
        return text.append(']').toString();
    }
}
