/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The SameDiff host: finds the modules of a graph ({@link org.lora4j.samediff.GraphModules}) and attaches adapters to
 * them ({@link org.lora4j.samediff.AdaptedSameDiff}).
 *
 * <p>A config is read in one place, {@code GraphSelection}: modules, parameters that are adapted as such, rows of tables, and
 * parameters that are trained fully. An adapter acts on the output of a module where it can, and on a leaf for all its
 * readers ({@code LeafUpdates}) where it adapts a parameter or replaces rows.
 *
 * <p>The base graph is never changed. What adapters do is expressed in graphs that are built on demand over the base's
 * own arrays. How a graph spells a module is the business of {@code org.lora4j.internal.samediff.form}; what a method
 * does, it says itself ({@link org.lora4j.method.ModuleAlgebra}). {@link org.lora4j.samediff.SameDiffFile} reads files
 * of strangers.
 */
package org.lora4j.samediff;
