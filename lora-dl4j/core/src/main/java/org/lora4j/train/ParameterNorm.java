/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.train;

/**
 * How far a parameter has come: a factor B that is still 0 at the end has learned nothing.
 *
 * @param name name of the parameter
 * @param module dotted path of its module
 * @param kind its kind
 * @param start Euclidean norm before the first step
 * @param end Euclidean norm after the last step and, where the best values were restored, of these
 * @apiNote Status: stable
 */
public record ParameterNorm(String name, String module, TrainableParameter.Kind kind, double start, double end) {}
