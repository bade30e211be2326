/**
 * Running a SameDiff graph: placeholders in, outputs and gradients out.
 *
 * <p>Everything above this package reaches a graph through {@link org.lora4j.exec.GraphExecutor} only, so that a faster
 * way to run one is added here and nowhere else.
 */
package org.lora4j.exec;
