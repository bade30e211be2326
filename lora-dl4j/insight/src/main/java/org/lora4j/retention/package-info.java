/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What an adapted model still knows of what has nothing to do with its task: {@link org.lora4j.retention.RetentionProbe}.
 *
 * <p>Works from features that the caller computed, with the base and with the model in some state, and so knows no kind
 * of model.
 */
package org.lora4j.retention;
