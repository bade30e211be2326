/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Graphs as lists of steps for inputs of certain shapes: everything that depends on shapes alone (order, shapes, memory, what
 * is a view of what) is found out once, so that a run does nothing but compute. Graphs with control flow, and ops whose
 * results are shaped by computed values, have no plan and stay with the session of SameDiff.
 */
package org.lora4j.internal.engine.plan;
