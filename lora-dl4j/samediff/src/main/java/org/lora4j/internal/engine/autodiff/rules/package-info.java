/**
 * One gradient rule per op that SameDiff differentiates wastefully, wrongly or not at all.
 *
 * <p>To add a rule: a class implementing {@link org.lora4j.internal.engine.autodiff.rules.GradientRule} and a line in
 * {@link org.lora4j.internal.engine.autodiff.rules.GradientRules}; it is done when its cases in {@code GradientRulesTest} pass.
 */
package org.lora4j.internal.engine.autodiff.rules;
