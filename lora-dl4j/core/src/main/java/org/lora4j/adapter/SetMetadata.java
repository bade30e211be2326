/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.util.Map;
import java.util.TreeMap;

/**
 * What the file of tensors says of itself: PEFT's mark, to which config it belongs, and what the base held. Other readers
 * pass over what they do not know there, which they would not do in the config.
 */
final class SetMetadata {

    private static final String CONFIG = "lora4j.config_sha256";
    private static final String BASE = "lora4j.base_sha256/";

    private static final Map<String, String> OF_PEFT = Map.of("format", "pt");

    private SetMetadata() {}

    static boolean isOfPeft(Map<String, String> metadata) {
        return metadata.equals(OF_PEFT);
    }

    static Map<String, String> of(Adapter adapter, String configHash) {
        Map<String, String> metadata = new TreeMap<>();
        metadata.putAll(OF_PEFT);
        if (!adapter.isOfPeft()) {
            metadata.put(CONFIG, configHash);
        }
        adapter.baseHashes().forEach((path, hash) -> metadata.put(BASE + path, hash));
        return metadata;
    }

    /** Whether tensors were saved together with a config of this hash; those of PEFT do not say. */
    static boolean belongsTo(Map<String, String> metadata, String configHash) {
        return metadata.getOrDefault(CONFIG, configHash).equals(configHash);
    }

    static Map<String, String> baseHashes(Map<String, String> metadata) {
        Map<String, String> hashes = new TreeMap<>();
        metadata.forEach((key, hash) -> {
            if (key.startsWith(BASE)) {
                hashes.put(key.substring(BASE.length()), hash);
            }
        });
        return hashes;
    }
}
