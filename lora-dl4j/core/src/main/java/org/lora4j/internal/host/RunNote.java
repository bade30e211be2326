/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.host;

import java.util.Map;
import org.lora4j.trust.Receipt;

/**
 * What is known of a run in which adapters learned.
 *
 * @apiNote Status: internal
 */
@FunctionalInterface
public interface RunNote {

    /**
     * The receipt of an adapter.
     *
     * @param hashes of the adapter, and of its base if that is known
     * @param config the config of the adapter
     */
    Receipt receipt(Map<String, String> hashes, Map<String, Object> config);
}
