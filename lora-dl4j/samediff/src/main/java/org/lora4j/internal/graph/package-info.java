/**
 * Reading and copying SameDiff graphs: order of the ops, and copies that share the arrays of the original.
 *
 * <p>The one place that touches the inner bookkeeping of {@link org.nd4j.autodiff.samediff.SameDiff} (its maps of ops
 * and variables). Rewriting, differentiation and execution build on it. Uses ND4J only.
 */
package org.lora4j.internal.graph;
