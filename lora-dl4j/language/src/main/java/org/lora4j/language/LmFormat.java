/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a row of a data set looks like. {@link LmExample#read(java.nio.file.Path)} tells it from the names of the fields; the caller
 * may name it in its place.
 *
 * @apiNote Status: stable
 */
public enum LmFormat {
    /** {@code messages}, each with {@code role} and {@code content}; {@code tools}, if there are any. */
    MESSAGES("messages"),
    /** {@code prompt} and {@code completion}: both texts, or both lists of messages as TRL has them. */
    PROMPT_COMPLETION("prompt", "completion"),
    /**
     * ShareGPT: {@code conversations}, each with {@code from} and {@code value}; {@code system} and {@code tools}, if they are there.
     */
    SHAREGPT("conversations"),
    /** Alpaca: {@code instruction} and {@code output}, and perhaps {@code input}; the prompt is {@link LmExample#alpacaPrompt}. */
    ALPACA("instruction", "output"),
    /** {@code text}, of which everything is learned. */
    TEXT("text");

    private final List<String> keys;

    LmFormat(String... keys) {
        this.keys = List.of(keys);
    }

    /** The fields by which it is told. */
    List<String> keys() {
        return keys;
    }

    boolean fits(Map<String, Object> fields) {
        return fields.keySet().containsAll(keys);
    }

    /** The first one that fits. */
    static Optional<LmFormat> of(Map<String, Object> fields) {
        for (LmFormat format : values()) {
            if (format.fits(fields)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }
}
