/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Adapter algebra: what can be computed from adapters alone, without a network.
 *
 * <p>{@link org.lora4j.combine.Combine} makes one adapter of several; its algorithms are the table
 * {@link org.lora4j.combine.CombineAlgorithm}. {@link org.lora4j.combine.AdapterAlgebra} rescales, negates, reduces and
 * compares adapters. {@link org.lora4j.combine.LoraExtraction} finds the adapter that leads from one full model to
 * another.
 *
 * <p>Everything is computed in double precision on the Java heap and rounded once. To add an algorithm write a
 * {@code ModuleCombiner} (or only a {@code Pruning} or {@code Joining}) and add its line to the table. This package uses
 * {@code adapter}, {@code config}, {@code error}, {@code format.peft} and {@code array}; it knows neither SameDiff nor DL4J.
 */
package org.lora4j.combine;
