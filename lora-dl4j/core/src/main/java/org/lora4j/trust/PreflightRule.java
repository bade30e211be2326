/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

/**
 * What a {@link Preflight} looks for. Some findings refuse the training unless they are allowed by name; others are said.
 *
 * @apiNote Status: stable
 */
public enum PreflightRule {
    /** Nothing of an example is learned. Allowed, such an example is left out. */
    NOTHING_LEARNED(true),
    /** The end of a completion or an answer is never learned, so that texts will not end by themselves. */
    END_NOT_LEARNED(true),
    /** The chat template asks for an answer in other words than those that stand before the answers that are learned. */
    PROMPT_DIFFERS(true),
    /** No gradient can reach a module that is to learn, as the loss does not depend on it. */
    NO_GRADIENT(true),
    /** An output head has never learned, and neither learns now nor is saved. */
    FRESH_HEAD(true),
    /** Few tokens are learned. */
    FEW_LEARNED_TOKENS(false),
    /** Texts begin with the same special token twice. */
    SPECIAL_TOKEN_TWICE(false),
    /** Labels, answers or prompts were cut, as they are too long. */
    CUT(false),
    /** The same example is in the training part and in the validation part. */
    IN_BOTH_PARTS(false),
    /** The learning rate is one for another kind of training. */
    RATE_OF_ANOTHER_KIND(false),
    /** Plain text is learned without a token that ends it. */
    TEXT_WITHOUT_END(false);

    private final boolean refuses;

    PreflightRule(boolean refuses) {
        this.refuses = refuses;
    }

    /**
     * Whether a training is refused for it, unless it is allowed.
     *
     * @return false for what is only said
     */
    public boolean refuses() {
        return refuses;
    }
}
