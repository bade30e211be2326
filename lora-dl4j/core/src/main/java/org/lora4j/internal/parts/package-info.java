/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A batch shared among threads: its rows in parts, each run by an executor of its own, and outputs, losses and gradients
 * joined. Knows arrays and {@link org.lora4j.exec.GraphExecutor}, and of no graph.
 */
package org.lora4j.internal.parts;
