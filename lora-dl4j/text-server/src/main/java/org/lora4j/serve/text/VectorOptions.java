/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.error.Arguments;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.text.TextEncoder;

/**
 * Which vectors of texts are asked for. Immutable: each call gives another one.
 *
 * @param purpose what the texts are for, by which a prefix is chosen
 * @param prompt the name of one of the encoder's own prompts, in the place of that prefix
 * @param dimensions how many numbers are kept of each vector, the first ones; empty for all
 * @param unitLength whether vectors are divided by their length
 * @apiNote Status: experimental
 */
public record VectorOptions(Purpose purpose, Optional<String> prompt, OptionalInt dimensions, boolean unitLength) {

    /**
     * What texts are for.
     *
     * @apiNote Status: experimental
     */
    public enum Purpose {
        /** They are compared with others of their kind. */
        TEXT,
        /** Others are searched by them. */
        QUERY,
        /** They are searched for. */
        PASSAGE
    }

    private static final VectorOptions USUAL =
            new VectorOptions(Purpose.TEXT, Optional.empty(), OptionalInt.empty(), false);

    /**
     * Checks that nothing is null, and that a number is kept.
     *
     * @param purpose as in the record
     * @param prompt as in the record
     * @param dimensions as in the record
     * @param unitLength as in the record
     * @throws IllegalArgumentException if no number is kept
     */
    public VectorOptions {
        Arguments.required(purpose, "VectorOptions: purpose", "what the texts are for");
        Arguments.required(prompt, "VectorOptions: prompt", "the name of a prompt, or Optional.empty()");
        Arguments.required(dimensions, "VectorOptions: dimensions", "a number, or OptionalInt.empty()");
        Problems problems = new Problems();
        dimensions.ifPresent(count -> problems.atLeast("dimensions", count, 1));
        problems.throwIfAny("VectorOptions");
    }

    /**
     * What holds if nobody says anything: texts that are compared with their kind, and vectors as the encoder gives them.
     *
     * @return options
     */
    public static VectorOptions usual() {
        return USUAL;
    }

    /**
     * For another purpose.
     *
     * @param use what the texts are for
     * @return other options
     */
    public VectorOptions of(Purpose use) {
        return new VectorOptions(use, prompt, dimensions, unitLength);
    }

    /**
     * With one of the encoder's own prompts before each text.
     *
     * @param name one of {@link TextEncoder#prompts}
     * @return other options
     */
    public VectorOptions withPrompt(String name) {
        return new VectorOptions(
                purpose,
                Optional.of(Arguments.required(name, "VectorOptions.withPrompt: name", "the name of a prompt")),
                dimensions,
                unitLength);
    }

    /**
     * Keeps the first numbers of each vector; of an encoder whose vectors have length one they are divided by their length again.
     *
     * @param first how many, 1 or more
     * @return other options
     */
    public VectorOptions truncated(int first) {
        return new VectorOptions(purpose, prompt, OptionalInt.of(first), unitLength);
    }

    /**
     * Divides vectors by their length, whatever the encoder does.
     *
     * @return other options
     */
    public VectorOptions normalized() {
        return new VectorOptions(purpose, prompt, dimensions, true);
    }

    /** What stands before each text. */
    String prefix(TextEncoder encoder) {
        if (prompt.isPresent()) {
            String known = encoder.prompts().get(prompt.get());
            if (known == null) {
                throw new IllegalArgumentException("TextServer: no prompt is called " + MessageText.name(prompt.get())
                        + ClosestNames.hint(prompt.get(), encoder.prompts().keySet()) + "; expected one of "
                        + Problems.quoted(encoder.prompts().keySet()) + ". Leave it out for none.");
            }
            return known;
        }
        return switch (purpose) {
            case TEXT -> encoder.prefixes().text();
            case QUERY -> encoder.prefixes().query();
            case PASSAGE -> encoder.prefixes().passage();
        };
    }

    /** A vector as it is asked for. */
    float[] apply(float[] vector, boolean ofLengthOne) {
        int count = dimensions.orElse(vector.length);
        boolean shorter = count < vector.length;
        if (!shorter && !unitLength) {
            return vector;
        }
        float[] first = Arrays.copyOf(vector, count);
        if (unitLength || ofLengthOne) {
            double squares = 0;
            for (float value : first) {
                squares += (double) value * value;
            }
            double length = Math.sqrt(squares);
            for (int i = 0; i < count && length > 0; i++) {
                first[i] = (float) (first[i] / length);
            }
        }
        return first;
    }

    /** Refuses more numbers than a vector has. */
    void requireWithin(int all) {
        Problems problems = new Problems();
        dimensions.ifPresent(count -> problems.check(
                count <= all,
                "dimensions = " + count + ", expected 1 to " + all + ", the length of the encoder's vectors"));
        problems.throwIfAny("TextServer");
    }
}
