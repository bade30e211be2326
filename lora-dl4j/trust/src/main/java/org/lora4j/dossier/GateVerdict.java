/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.lora4j.error.Arguments;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What a gate says of a candidate, with the evidence for it. Immutable.
 *
 * @param decision what to do
 * @param sentence why, for people
 * @param examples number of examples that were compared
 * @param gain mean result of the candidate less that of what is in use
 * @param low lower end of its 95 % interval
 * @param high upper end
 * @param mcNemar how probable so uneven a number of gains and losses is if both are equally good; empty unless all results are right or
 *     wrong
 * @param byLabel the gain for each label
 * @param wouldTell how many examples would probably tell, if they go on as these; empty unless it cannot be said
 * @param reasons what keeps the candidate back; empty if nothing does
 * @apiNote Status: experimental
 */
public record GateVerdict(
        Decision decision,
        String sentence,
        long examples,
        double gain,
        double low,
        double high,
        OptionalDouble mcNemar,
        Map<String, Double> byLabel,
        OptionalLong wouldTell,
        List<String> reasons) {

    /**
     * What to do with a candidate.
     *
     * @apiNote Status: experimental
     */
    public enum Decision {
        /** It is better, and loses nothing that it must not lose. */
        PROMOTE,
        /** It is not better, or loses something. */
        KEEP,
        /** So few examples tell nothing. */
        CANNOT_SAY
    }

    /**
     * Copies the collections.
     *
     * @param decision as in the record
     * @param sentence as in the record
     * @param examples as in the record
     * @param gain as in the record
     * @param low as in the record
     * @param high as in the record
     * @param mcNemar as in the record
     * @param byLabel as in the record
     * @param wouldTell as in the record
     * @param reasons as in the record
     */
    public GateVerdict {
        Arguments.required(decision, "GateVerdict: decision", "what to do");
        Arguments.required(sentence, "GateVerdict: sentence", "a sentence");
        byLabel = Collections.unmodifiableMap(
                new LinkedHashMap<>(Arguments.allRequired(byLabel, "GateVerdict: byLabel", "a gain")));
        reasons = List.copyOf(Arguments.allRequired(reasons, "GateVerdict: reasons", "a reason"));
    }

    /**
     * All of it as JSON.
     *
     * @return an object, on several lines
     */
    public String json() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("decision", decision.name());
        values.put("sentence", sentence);
        values.put("examples", examples);
        values.put("gain", gain);
        values.put("low", low);
        values.put("high", high);
        mcNemar.ifPresent(p -> values.put("mc_nemar", p));
        values.put("by_label", byLabel);
        wouldTell.ifPresent(count -> values.put("would_tell", count));
        values.put("reasons", reasons);
        return JsonObjects.write(values);
    }

    /** The sentence, which begins with what to do. */
    @Override
    public String toString() {
        return sentence;
    }
}
