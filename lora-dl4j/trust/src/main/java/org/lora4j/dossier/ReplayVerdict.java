/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What a replay found. Immutable.
 *
 * @param outcome whether what was trained again is the same
 * @param inputs what went in otherwise than the receipt says: examples, seed, plan, config, base, libraries
 * @param envelope what of the machine is another one
 * @param apart arrays that differ, by name: how much, relative to their largest value
 * @param largest the largest of these differences
 * @param tolerance up to which differences count as rounding, outside of the envelope
 * @param segments which segments of the run were trained again, and what came of each; empty if the whole run was
 * @apiNote Status: experimental
 */
public record ReplayVerdict(
        Outcome outcome,
        List<String> inputs,
        List<String> envelope,
        Map<String, Double> apart,
        double largest,
        double tolerance,
        List<String> segments) {

    /**
     * Whether what was trained again is the same.
     *
     * @apiNote Status: experimental
     */
    public enum Outcome {
        /** Every bit is the same, and what went in is what the receipt says. */
        SAME_BITS,
        /** On another machine: what went in is what the receipt says, and values differ by rounding. */
        SAME_WITHIN_TOLERANCE,
        /** Something else went in, or something else came out. */
        DIFFERENT
    }

    /**
     * Copies the collections.
     *
     * @param outcome as in the record
     * @param inputs as in the record
     * @param envelope as in the record
     * @param apart as in the record
     * @param largest as in the record
     * @param tolerance as in the record
     * @param segments as in the record
     */
    public ReplayVerdict {
        Arguments.required(outcome, "ReplayVerdict: outcome", "whether it is the same");
        inputs = List.copyOf(Arguments.allRequired(inputs, "ReplayVerdict: inputs", "a sentence"));
        envelope = List.copyOf(Arguments.allRequired(envelope, "ReplayVerdict: envelope", "a sentence"));
        segments = List.copyOf(Arguments.allRequired(segments, "ReplayVerdict: segments", "a sentence"));
        apart = Collections.unmodifiableMap(
                new LinkedHashMap<>(Arguments.allRequired(apart, "ReplayVerdict: apart", "a number")));
    }

    /**
     * All of it as JSON.
     *
     * @return an object, on several lines
     */
    public String json() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("outcome", outcome.name());
        values.put("sentence", toString());
        values.put("inputs", inputs);
        values.put("envelope", envelope);
        values.put("apart", apart);
        values.put("largest", largest);
        values.put("tolerance", tolerance);
        values.put("segments", segments);
        return JsonObjects.write(values);
    }

    private String ofSegments() {
        return segments.isEmpty() ? "" : "; " + MessageText.values(segments);
    }

    /** A sentence. */
    @Override
    public String toString() {
        return switch (outcome) {
            case SAME_BITS -> "the same in every bit" + ofSegments();
            case SAME_WITHIN_TOLERANCE ->
                String.format(
                        Locale.ROOT,
                        "the same within %.0e (%.1e), outside of the envelope: %s%s",
                        tolerance,
                        largest,
                        MessageText.values(envelope),
                        ofSegments());
            case DIFFERENT ->
                "not the same: "
                        + (inputs.isEmpty()
                                ? "what went in is what the receipt says, but " + apart.size()
                                        + (segments.isEmpty() ? " arrays" : " values") + " came out otherwise"
                                        + ofSegments()
                                        + (envelope.isEmpty() ? "" : "; " + MessageText.values(envelope))
                                : MessageText.values(inputs));
        };
    }
}
