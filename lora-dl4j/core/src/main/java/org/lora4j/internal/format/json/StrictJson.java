/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.json;

import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/**
 * How JSON of strangers is read: no duplicate keys, nothing behind the end, no deep nesting. It is written over several lines.
 *
 * @apiNote Status: internal
 */
public final class StrictJson {

    private StrictJson() {}

    /**
     * A mapper, to be kept and shared.
     *
     * @param deepest how deep values may be nested
     * @return the mapper
     */
    public static ObjectMapper mapper(int deepest) {
        JsonMapper mapper = JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build();
        mapper.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(deepest).build());
        return mapper;
    }
}
