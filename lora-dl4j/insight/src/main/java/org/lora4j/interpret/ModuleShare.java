/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

/**
 * What one module, or one group of modules, does for a metric.
 *
 * @param name path of the module, or the name of the group
 * @param modules how many modules it is
 * @param without the metric with these updates switched off and all others on
 * @param alone the metric with these updates on and all others switched off
 * @apiNote Status: experimental
 */
public record ModuleShare(String name, int modules, double without, double alone) {}
