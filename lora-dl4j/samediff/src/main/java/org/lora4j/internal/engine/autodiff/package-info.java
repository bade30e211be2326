/**
 * Reverse-mode differentiation of a SameDiff graph that knows what is frozen.
 *
 * <p>SameDiff's own gradient function computes the gradient of every frozen weight, keeps both operands of every
 * addition alive, and is wrong or missing for some ops. {@link org.lora4j.internal.engine.autodiff.ReversePass} walks the ops backwards
 * from the loss, only where something trainable lies behind, asks the table of
 * {@link org.lora4j.internal.engine.autodiff.rules.GradientRules rules} first and the stock {@code doDiff} otherwise. Uses ND4J, SameDiff,
 * {@code graph} and {@code error} only.
 */
package org.lora4j.internal.engine.autodiff;
