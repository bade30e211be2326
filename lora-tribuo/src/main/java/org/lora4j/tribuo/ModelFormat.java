/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

/**
 * What a serialized model holds.
 *
 * @apiNote Status: stable
 */
public enum ModelFormat {
    /** Adapter, head and converters; the base by its content hash: kilobytes. */
    ADAPTER_ONLY,
    /** The base as well. Models of one base share one copy of it again when they are read. */
    SELF_CONTAINED
}
