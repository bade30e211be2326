/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.nio.charset.StandardCharsets;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.Arguments;
import org.lora4j.internal.format.peft.PeftConfigJson;
import org.lora4j.internal.format.peft.PeftFile;

/**
 * Configs of all methods as text: the JSON of PEFT's {@code adapter_config.json}. For configuration files and command lines, which know
 * no class for each method.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class AdapterConfigs {

    private AdapterConfigs() {}

    /**
     * Reads a config.
     *
     * @param json the text, such as {@code {"peft_type": "IA3", "target_modules": "all-linear"}}; fields that are missing have PEFT's
     *     defaults
     * @return the config of its method
     * @throws AdapterFormatException if it is not JSON, of no method that is known, or has values that are not allowed; the message
     *     lists every problem
     */
    public static AdapterConfig parse(String json) throws AdapterFormatException {
        Arguments.required(json, "AdapterConfigs.parse: json", "the text of an adapter_config.json");
        return PeftConfigJson.read("AdapterConfigs.parse", json.getBytes(StandardCharsets.UTF_8))
                .config();
    }

    /**
     * Writes a config.
     *
     * @param config the config
     * @return the text, which {@link #parse} and PEFT read
     */
    public static String write(AdapterConfig config) {
        Arguments.required(config, "AdapterConfigs.write: config", "a config such as LoraConfig");
        return PeftConfigJson.write(PeftFile.of(config));
    }
}
