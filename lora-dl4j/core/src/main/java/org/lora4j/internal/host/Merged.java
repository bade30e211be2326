/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import org.lora4j.model.MergeReport;

/**
 * What came of merging adapters.
 *
 * @param merges all merged weights afterwards
 * @param report what it cost
 * @param <M> merged weights as the host keeps them
 * @apiNote Status: internal
 */
public record Merged<M>(M merges, MergeReport report) {}
