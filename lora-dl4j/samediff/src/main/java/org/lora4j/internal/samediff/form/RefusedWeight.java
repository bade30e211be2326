/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.samediff.form;

import org.lora4j.model.NotAdaptable;

/**
 * A weight that cannot be adapted.
 *
 * @param weight which one, and why
 * @apiNote Status: internal
 */
public record RefusedWeight(NotAdaptable weight) implements Finding {}
