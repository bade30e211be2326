/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Adapter methods: which factors a method has, how they start, and what they do to the input, the weight, the output and the
 * bias of a module, written once in an arithmetic that every host supplies ({@link org.lora4j.method.Algebra}).
 *
 * <p>Everything here speaks PEFT's layouts ({@link org.lora4j.method.ModuleShape} lists them) and knows neither
 * SameDiff nor DL4J; hosts convert to their own layout in one place of their own. To add a method write its config, a class
 * that implements {@link org.lora4j.method.AdapterMethod}, and its entry in {@code MethodTable}; a program adds its own by {@link
 * org.lora4j.method.AdapterMethods#register}.
 */
package org.lora4j.method;
