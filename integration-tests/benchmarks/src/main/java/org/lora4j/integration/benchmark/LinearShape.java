/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.List;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.pretrained.EncoderConfig;

/**
 * A kind of linear layer.
 *
 * @param in numbers that go in
 * @param out numbers that come out
 * @param layers how many there are
 */
record LinearShape(long in, long out, int layers) {

    /** Query, key, value and the output of attention; then the two of the feed-forward part. */
    static List<LinearShape> of(EncoderConfig config) {
        return List.of(
                new LinearShape(config.hidden(), config.hidden(), 4 * config.layers()),
                new LinearShape(config.hidden(), config.intermediate(), config.layers()),
                new LinearShape(config.intermediate(), config.hidden(), config.layers()));
    }

    /** Query and output of attention, key and value, gate and up, down, and the output head. */
    static List<LinearShape> of(DecoderConfig config) {
        int layers = config.layers().size();
        int queries = config.heads() * config.headSize();
        int keys = config.keyHeads() * config.headSize();
        return List.of(
                new LinearShape(config.hidden(), queries, layers),
                new LinearShape(config.hidden(), keys, 2 * layers),
                new LinearShape(queries, config.hidden(), layers),
                new LinearShape(config.hidden(), config.intermediate(), 2 * layers),
                new LinearShape(config.intermediate(), config.hidden(), layers),
                new LinearShape(config.hidden(), config.vocabulary(), 1));
    }
}
