/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.advice;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * An answer to one question, with what it rests on.
 *
 * @param question what was asked, in the field's words, for instance {@code "label errors"}
 * @param answer how it came out
 * @param sentence the answer in one sentence, with what to do about it
 * @param evidence the measured numbers by name: numbers, texts, lists and maps of them only
 * @apiNote Status: experimental
 */
public record Advice(String question, Answer answer, String sentence, Map<String, Object> evidence) {

    /**
     * How a question came out.
     *
     * @apiNote Status: experimental
     */
    public enum Answer {
        /** Nothing to do. */
        GOOD,
        /** Worth a look; training can begin. */
        CONSIDER,
        /** Should be mended before anything is trained. */
        PROBLEM,
        /** Cannot be said from what is there; the sentence says why, and the evidence holds no figure that pretends to. */
        UNKNOWN
    }

    /**
     * Keeps the order of the evidence.
     *
     * @param question what was asked
     * @param answer how it came out
     * @param sentence the answer in one sentence
     * @param evidence the measured numbers by name
     */
    public Advice {
        Objects.requireNonNull(question, "Advice: question is null");
        Objects.requireNonNull(answer, "Advice: answer is null");
        Objects.requireNonNull(sentence, "Advice: sentence is null");
        evidence = Collections.unmodifiableMap(new LinkedHashMap<>(evidence));
    }

    /**
     * An answer that cannot be given.
     *
     * @param question what was asked
     * @param because why not, a clause: {@code "class 'refund' has 2 examples and 5 folds need 5"}
     * @return the advice
     */
    public static Advice cannotBeSaid(String question, String because) {
        return new Advice(question, Answer.UNKNOWN, "Cannot be said, because " + because + ".", Map.of());
    }

    /**
     * The advice as JSON, under the names of its components.
     *
     * @return an object, on several lines
     */
    public String json() {
        return JsonObjects.write(values());
    }

    /** For reports that hold several. */
    Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("question", question);
        values.put("answer", answer.name());
        values.put("sentence", sentence);
        values.put("evidence", evidence);
        return values;
    }

    /** Question, answer and sentence in a line. */
    @Override
    public String toString() {
        return question + ": " + sentence;
    }
}
