/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.engine.autodiff.rules;

/**
 * How the gradient passes one kind of op backwards.
 *
 * @apiNote Status: internal
 */
@FunctionalInterface
public interface GradientRule {

    /**
     * Adds the backward ops and reports, for each input that needs one, its gradient through
     * {@link RuleContext#pass(int, org.nd4j.autodiff.samediff.SDVariable)}.
     *
     * @param context the op, its variables and what is known of their shapes
     */
    void apply(RuleContext context);
}
