/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.List;

/**
 * How a head of a Python class gets from hidden states to its scores.
 *
 * @param input what it takes
 * @param steps one after the other
 * @apiNote Status: internal
 */
public record HeadForm(Input input, List<Step> steps) {

    /** What heads are for. */
    public enum Task {
        /** {@code ...ForSequenceClassification}. */
        SEQUENCE("ForSequenceClassification"),
        /** {@code ...ForTokenClassification}. */
        TOKENS("ForTokenClassification"),
        /** {@code ...ForMaskedLM}. */
        MASKED_WORDS("ForMaskedLM"),
        /** {@code ElectraForPreTraining}. */
        REPLACED_WORDS("ForPreTraining");

        private final String suffix;

        Task(String suffix) {
            this.suffix = suffix;
        }

        /**
         * How the names of its classes end.
         *
         * @return for example {@code ForMaskedLM}
         */
        public String suffix() {
            return suffix;
        }
    }

    /** What a head takes. */
    public enum Input {
        /** What the encoder's pooler makes of the first token. */
        POOLER,
        /** The first token. */
        FIRST,
        /** The mean of the tokens that are not masked. */
        MEAN,
        /** The first token or the mean, as the config says. */
        CONFIGURED,
        /** The last token that is not padding. */
        LAST,
        /** Every token by itself. */
        TOKENS
    }

    /** What a step does. */
    public enum Kind {
        /** A matrix and a bias, to the hidden width. */
        LINEAR,
        /** A matrix and a bias, to the width of the embeddings. */
        TO_EMBEDDING,
        /** A matrix and a bias, to the number of outputs. */
        OUTPUT,
        /** The same without a bias. */
        SCORE,
        /** An activation. */
        ACTIVATION,
        /** A normalization. */
        NORM,
        /** A product with the table of words, and a bias for each. */
        WORDS
    }

    /**
     * One step.
     *
     * @param kind what it does
     * @param name the path of its module; of an activation the field of the config that names it, or {@code =} and the name
     *     itself; of {@link Kind#WORDS} the path of the bias
     */
    public record Step(Kind kind, String name) {}

    static Step linear(String module) {
        return new Step(Kind.LINEAR, module);
    }

    static Step output(String module) {
        return new Step(Kind.OUTPUT, module);
    }

    static Step score(String module) {
        return new Step(Kind.SCORE, module);
    }

    static Step norm(String module) {
        return new Step(Kind.NORM, module);
    }

    /** An activation that a field names. */
    static Step byField(String field) {
        return new Step(Kind.ACTIVATION, field);
    }

    /** An activation that is always the same. */
    static Step always(EncoderActivation activation) {
        return new Step(Kind.ACTIVATION, "=" + activation.id());
    }

    static Step words(String bias) {
        return new Step(Kind.WORDS, bias);
    }
}
