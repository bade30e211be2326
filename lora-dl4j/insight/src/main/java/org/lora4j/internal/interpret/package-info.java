/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The arithmetic of explanations, over numbers: the integral of a gradient along a line
 * ({@link org.lora4j.internal.interpret.PathIntegral}), lines through graphs
 * ({@code Line}), and the influence of examples from their gradients
 * ({@link org.lora4j.internal.interpret.GradientInfluence}). What users see is in {@code interpret}.
 */
package org.lora4j.internal.interpret;
